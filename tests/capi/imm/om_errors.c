/* The codes of every function of saImmOm.h, in the order of the header. One handle of each kind is kept valid; what is
 * wrong in a call is the one thing that its line shows. */
#include "check.h"

#define BOGUS 0x1234567890abcdefULL

static SaImmHandleT om, old;
static SaImmAdminOwnerHandleT owner, old_owner;
static SaImmCcbHandleT ccb, old_ccb;

static void on_invoked(SaInvocationT invocation, SaAisErrorT returned, SaAisErrorT error)
{
	(void)invocation, (void)returned, (void)error;
}

static void library(void)
{
	SaImmHandleT handle;
	SaImmCallbacksT callbacks = {on_invoked};
	SaSelectionObjectT selection;
	SaVersionT wanted = version(1);
	IS(saImmOmInitialize(NULL, NULL, &wanted), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmInitialize(&handle, NULL, NULL), SA_AIS_ERR_INVALID_PARAM);
	struct { SaUint8T release, major, minor; SaAisErrorT rc; } versions[] = {
		{'A', 2, 1, SA_AIS_OK},  {'A', 2, 18, SA_AIS_OK},          {'A', 2, 99, SA_AIS_OK},
		{'A', 2, 0, SA_AIS_OK},  {'B', 2, 1, SA_AIS_ERR_VERSION},  {'A', 3, 1, SA_AIS_ERR_VERSION},
		{'A', 1, 1, SA_AIS_ERR_VERSION}, {0, 2, 1, SA_AIS_ERR_VERSION},
	};
	for (size_t at = 0; at < sizeof(versions) / sizeof(versions[0]); at++) {
		SaVersionT asked = {versions[at].release, versions[at].major, versions[at].minor};
		IS(saImmOmInitialize(&handle, NULL, &asked), versions[at].rc);
		HOLDS(asked.releaseCode == 'A' && asked.majorVersion == 2 && asked.minorVersion == 18);
		if (versions[at].rc == SA_AIS_OK)
			OK(saImmOmFinalize(handle));
	}
	wanted = version(10);
	IS(saImmOmInitialize_o2(&handle, NULL, &wanted), SA_AIS_ERR_VERSION);
	wanted = version(11);
	IS(saImmOmInitialize_o2(NULL, NULL, &wanted), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmInitialize_o2(&handle, NULL, NULL), SA_AIS_ERR_INVALID_PARAM);
	wanted = version(11);
	OK(saImmOmInitialize_o2(&handle, NULL, &wanted));
	OK(saImmOmFinalize(handle));

	wanted = version(18);
	OK(saImmOmInitialize(&handle, &callbacks, &wanted));
	IS(saImmOmSelectionObjectGet(om, &selection), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmSelectionObjectGet(handle, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmSelectionObjectGet(BOGUS, &selection), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmSelectionObjectGet(owner, &selection), SA_AIS_ERR_BAD_HANDLE);
	OK(saImmOmSelectionObjectGet(handle, &selection));
	IS(saImmOmDispatch(handle, (SaDispatchFlagsT)0), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmDispatch(handle, (SaDispatchFlagsT)4), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmDispatch(BOGUS, SA_DISPATCH_ALL), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmDispatch(ccb, SA_DISPATCH_ALL), SA_AIS_ERR_BAD_HANDLE);
	OK(saImmOmDispatch(handle, SA_DISPATCH_ONE));
	OK(saImmOmDispatch(handle, SA_DISPATCH_ALL));
	IS(saImmOmFinalize(BOGUS), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmFinalize(0), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmFinalize(owner), SA_AIS_ERR_BAD_HANDLE);
	OK(saImmOmFinalize(handle));
	IS(saImmOmFinalize(handle), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmDispatch(handle, SA_DISPATCH_ALL), SA_AIS_ERR_BAD_HANDLE);
}

static void classes(void)
{
	char *class_name = (char *)"CapiOther";
	SaImmAttrDefinitionT_2 rdn = {(char *)"rdn", SA_IMM_ATTR_SASTRINGT, SA_IMM_ATTR_CONFIG | SA_IMM_ATTR_RDN, NULL};
	SaImmAttrDefinitionT_2 second = rdn, guarded, typeless, nameless, runtime;
	const SaImmAttrDefinitionT_2 *definitions[] = {&rdn, NULL}, *two[] = {&rdn, &second, NULL}, *none[] = {NULL};
	SaImmAttrDefinitionT_2 **described;
	SaImmClassCategoryT category;

	IS(saImmOmClassCreate_2(BOGUS, class_name, SA_IMM_CLASS_CONFIG, definitions), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmClassCreate_2(om, NULL, SA_IMM_CLASS_CONFIG, definitions), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmClassCreate_2(om, (char *)"", SA_IMM_CLASS_CONFIG, definitions), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmClassCreate_2(om, (char *)"7up", SA_IMM_CLASS_CONFIG, definitions), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmClassCreate_2(om, class_name, (SaImmClassCategoryT)3, definitions), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmClassCreate_2(om, class_name, SA_IMM_CLASS_CONFIG, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmClassCreate_2(om, class_name, SA_IMM_CLASS_CONFIG, none), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmClassCreate_2(om, class_name, SA_IMM_CLASS_RUNTIME, definitions), SA_AIS_ERR_INVALID_PARAM);
	second.attrName = (char *)"RDN";
	IS(saImmOmClassCreate_2(om, class_name, SA_IMM_CLASS_CONFIG, two), SA_AIS_ERR_INVALID_PARAM);
	typeless = rdn, typeless.attrValueType = (SaImmValueTypeT)11;
	two[1] = &typeless;
	IS(saImmOmClassCreate_2(om, class_name, SA_IMM_CLASS_CONFIG, two), SA_AIS_ERR_INVALID_PARAM);
	nameless = rdn, nameless.attrName = NULL;
	two[1] = &nameless;
	IS(saImmOmClassCreate_2(om, class_name, SA_IMM_CLASS_CONFIG, two), SA_AIS_ERR_INVALID_PARAM);
	runtime = rdn, runtime.attrName = (char *)"rt", runtime.attrFlags = SA_IMM_ATTR_RUNTIME | SA_IMM_ATTR_WRITABLE;
	two[1] = &runtime;
	IS(saImmOmClassCreate_2(om, class_name, SA_IMM_CLASS_CONFIG, two), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmClassCreate_2(om, (char *)CONFIG_CLASS, SA_IMM_CLASS_CONFIG, definitions), SA_AIS_ERR_EXIST);
	/* Flags that the handle's version does not have. */
	SaUint64T flags[] = {SA_IMM_ATTR_NO_DANGLING, SA_IMM_ATTR_DN, SA_IMM_ATTR_DEFAULT_REMOVED,
			     SA_IMM_ATTR_STRONG_DEFAULT};
	for (int at = 0; at < 4; at++) {
		guarded = rdn, guarded.attrName = (char *)"guarded", guarded.attrFlags = SA_IMM_ATTR_CONFIG | flags[at];
		two[1] = &guarded;
		IS(saImmOmClassCreate_2(old, class_name, SA_IMM_CLASS_CONFIG, two), SA_AIS_ERR_VERSION);
	}
	OK(saImmOmClassCreate_2(om, class_name, SA_IMM_CLASS_CONFIG, definitions));

	IS(saImmOmClassDescriptionGet_2(BOGUS, class_name, &category, &described), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmClassDescriptionGet_2(om, NULL, &category, &described), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmClassDescriptionGet_2(om, (char *)"", &category, &described), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmClassDescriptionGet_2(om, class_name, NULL, &described), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmClassDescriptionGet_2(om, class_name, &category, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmClassDescriptionGet_2(om, (char *)"Nope", &category, &described), SA_AIS_ERR_NOT_EXIST);
	OK(saImmOmClassDescriptionGet_2(om, class_name, &category, &described));
	HOLDS(category == SA_IMM_CLASS_CONFIG);
	int attributes = 0, found = 0;
	for (; described[attributes]; attributes++)
		if (!strcmp(described[attributes]->attrName, "rdn"))
			found = described[attributes]->attrFlags == (SA_IMM_ATTR_CONFIG | SA_IMM_ATTR_RDN) &&
				described[attributes]->attrValueType == SA_IMM_ATTR_SASTRINGT;
	HOLDS(attributes == 4 && found);
	IS(saImmOmClassDescriptionMemoryFree_2(BOGUS, described), SA_AIS_ERR_BAD_HANDLE);
	OK(saImmOmClassDescriptionMemoryFree_2(om, NULL));
	OK(saImmOmClassDescriptionMemoryFree_2(om, described));
	IS(saImmOmClassDescriptionMemoryFree_2(om, described), SA_AIS_ERR_INVALID_PARAM);

	IS(saImmOmClassDelete(BOGUS, class_name), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmClassDelete(om, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmClassDelete(om, (char *)""), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmClassDelete(om, (char *)"Nope"), SA_AIS_ERR_NOT_EXIST);
	IS(saImmOmClassDelete(om, (char *)CONFIG_CLASS), SA_AIS_ERR_BUSY);
	OK(saImmOmClassDelete(om, class_name));
}

static void searches(void)
{
	SaImmSearchHandleT search = 0;
	SaNameT root = name(ROOT), missing = name("item=none"), found, too_long;
	SaUint32T weight = 1;
	SaImmSearchParametersT_2 param, valueless, nameless, target;
	SaImmAttrNameT names[] = {(char *)"weight", NULL};
	SaImmAttrValuesT_2 **attributes;
	SaStringT text;
	const SaUint64T all = SA_IMM_SEARCH_ONE_ATTR | SA_IMM_SEARCH_GET_ALL_ATTR;
	const SaUint64T some = SA_IMM_SEARCH_ONE_ATTR | SA_IMM_SEARCH_GET_SOME_ATTR;
	param.searchOneAttr = (SaImmSearchOneAttrT_2){(char *)"weight", SA_IMM_ATTR_SAUINT32T, &weight};
	valueless = param, valueless.searchOneAttr.attrValue = NULL;
	nameless = param, nameless.searchOneAttr.attrName = NULL;
	memset(&too_long, 'x', sizeof(too_long));
	too_long.length = 300;

#define SEARCH(handle, root, scope, options, param, names, search) \
	saImmOmSearchInitialize_2(handle, root, scope, options, param, names, search)
	IS(SEARCH(BOGUS, &root, SA_IMM_SUBTREE, all, NULL, NULL, &search), SA_AIS_ERR_BAD_HANDLE);
	IS(SEARCH(om, &root, SA_IMM_SUBTREE, all, NULL, NULL, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(SEARCH(om, &root, SA_IMM_ONE, all, NULL, NULL, &search), SA_AIS_ERR_INVALID_PARAM);
	IS(SEARCH(om, &root, (SaImmScopeT)0, all, NULL, NULL, &search), SA_AIS_ERR_INVALID_PARAM);
	IS(SEARCH(om, &root, SA_IMM_SUBTREE, all | 0x8000, NULL, NULL, &search), SA_AIS_ERR_INVALID_PARAM);
	IS(SEARCH(om, &missing, SA_IMM_SUBTREE, all, NULL, NULL, &search), SA_AIS_ERR_NOT_EXIST);
	IS(SEARCH(om, &too_long, SA_IMM_SUBTREE, all, NULL, NULL, &search), SA_AIS_ERR_INVALID_PARAM);
	IS(SEARCH(om, &root, SA_IMM_SUBTREE, some, NULL, NULL, &search), SA_AIS_ERR_INVALID_PARAM);
	IS(SEARCH(om, &root, SA_IMM_SUBTREE, all, NULL, names, &search), SA_AIS_ERR_INVALID_PARAM);
	IS(SEARCH(om, &root, SA_IMM_SUBTREE, all, &nameless, NULL, &search), SA_AIS_ERR_INVALID_PARAM);
	IS(SEARCH(om, &root, SA_IMM_SUBTREE, SA_IMM_SEARCH_GET_ALL_ATTR, &param, NULL, &search), SA_AIS_ERR_INVALID_PARAM);
	IS(SEARCH(old, &root, SA_IMM_SUBTREE, SA_IMM_SEARCH_GET_CONFIG_ATTR, NULL, NULL, &search), SA_AIS_ERR_VERSION);
	/* Referrers. */
	SaNameT other = name(ROOT);
	target.searchOneAttr = (SaImmSearchOneAttrT_2){NULL, SA_IMM_ATTR_SANAMET, &other};
	const SaUint64T dependents = SA_IMM_SEARCH_NO_DANGLING_DEPENDENTS;
	IS(SEARCH(old, NULL, SA_IMM_SUBTREE, dependents, &target, NULL, &search), SA_AIS_ERR_VERSION);
	IS(SEARCH(om, NULL, SA_IMM_SUBTREE, dependents, NULL, NULL, &search), SA_AIS_ERR_INVALID_PARAM);
	IS(SEARCH(om, NULL, SA_IMM_SUBTREE, dependents, &param, NULL, &search), SA_AIS_ERR_INVALID_PARAM);
	OK(SEARCH(om, NULL, SA_IMM_SUBTREE, dependents | SA_IMM_SEARCH_GET_NO_ATTR, &target, NULL, &search));
	IS(saImmOmSearchNext_2(search, &found, &attributes), SA_AIS_ERR_NOT_EXIST);
	OK(saImmOmSearchFinalize(search));

	OK(SEARCH(om, &root, SA_IMM_SUBTREE, some, &valueless, names, &search));
	IS(saImmOmSearchNext_2(search, NULL, &attributes), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmSearchNext_2(search, &found, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmSearchNext_2(BOGUS, &found, &attributes), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmSearchNext_o3(search, NULL, &attributes), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmSearchNext_o3(BOGUS, &text, &attributes), SA_AIS_ERR_BAD_HANDLE);
	OK(saImmOmSearchNext_2(search, &found, &attributes));
	HOLDS(found.length == strlen(ROOT) && !memcmp(found.value, ROOT, found.length));
	HOLDS(attributes[0] && !attributes[1] && *(SaUint32T *)attributes[0]->attrValues[0] == 7);
	IS(saImmOmSearchNext_2(search, &found, &attributes), SA_AIS_ERR_NOT_EXIST);
	IS(saImmOmSearchNext_2(search, &found, &attributes), SA_AIS_ERR_NOT_EXIST);
	OK(saImmOmSearchFinalize(search));
	IS(saImmOmSearchFinalize(search), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmSearchNext_2(search, &found, &attributes), SA_AIS_ERR_BAD_HANDLE);

	IS(saImmOmSearchInitialize_o3(old, ROOT, SA_IMM_SUBTREE, all, NULL, NULL, &search), SA_AIS_ERR_VERSION);
	IS(saImmOmSearchInitialize_o3(BOGUS, ROOT, SA_IMM_SUBTREE, all, NULL, NULL, &search), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmSearchInitialize_o3(om, "item=none", SA_IMM_SUBTREE, all, NULL, NULL, &search), SA_AIS_ERR_NOT_EXIST);
	OK(saImmOmSearchInitialize_o3(om, ROOT, SA_IMM_SUBLEVEL, all, NULL, NULL, &search));
	OK(saImmOmSearchNext_o3(search, &text, &attributes));
	HOLDS(!strcmp(text, ROOT) && !find(attributes, "item") && find(attributes, "weight"));
	IS(saImmOmSearchNext_o3(search, &text, &attributes), SA_AIS_ERR_NOT_EXIST);
	OK(saImmOmSearchFinalize(search));
}

static void accessors(void)
{
	SaImmAccessorHandleT accessor, old_accessor;
	SaNameT root = name(ROOT), missing = name("item=none"), empty = name(""), spaced = name("item= x");
	SaImmAttrNameT weight[] = {(char *)"weight", NULL}, nope[] = {(char *)"nope", NULL}, none[] = {NULL};
	SaImmAttrNameT config[] = {(char *)"SA_IMM_SEARCH_GET_CONFIG_ATTR", NULL};
	SaImmAttrValuesT_2 **attributes;
	IS(saImmOmAccessorInitialize(om, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmAccessorInitialize(BOGUS, &accessor), SA_AIS_ERR_BAD_HANDLE);
	OK(saImmOmAccessorInitialize(om, &accessor));
	OK(saImmOmAccessorInitialize(old, &old_accessor));
	IS(saImmOmAccessorGet_2(BOGUS, &root, NULL, &attributes), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmAccessorGet_2(om, &root, NULL, &attributes), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmAccessorGet_2(accessor, NULL, NULL, &attributes), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmAccessorGet_2(accessor, &empty, NULL, &attributes), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmAccessorGet_2(accessor, &spaced, NULL, &attributes), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmAccessorGet_2(accessor, &root, NULL, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmAccessorGet_2(accessor, &root, weight, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmAccessorGet_2(accessor, &missing, NULL, &attributes), SA_AIS_ERR_NOT_EXIST);
	IS(saImmOmAccessorGet_2(accessor, &root, nope, &attributes), SA_AIS_ERR_NOT_EXIST);
	IS(saImmOmAccessorGet_2(accessor, &missing, none, NULL), SA_AIS_ERR_NOT_EXIST);
	OK(saImmOmAccessorGet_2(accessor, &root, none, NULL));
	OK(saImmOmAccessorGet_2(accessor, &root, config, &attributes));
	HOLDS(find(attributes, "weight") && !find(attributes, "state"));
	OK(saImmOmAccessorGet_2(accessor, &root, NULL, &attributes));
	HOLDS(find(attributes, "weight") && find(attributes, "state") && find(attributes, "item"));
	IS(saImmOmAccessorGet_o3(old_accessor, ROOT, NULL, &attributes), SA_AIS_ERR_VERSION);
	IS(saImmOmAccessorGet_o3(accessor, NULL, NULL, &attributes), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmAccessorGet_o3(accessor, "", NULL, &attributes), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmAccessorGet_o3(BOGUS, ROOT, NULL, &attributes), SA_AIS_ERR_BAD_HANDLE);
	OK(saImmOmAccessorGet_o3(accessor, ROOT, NULL, &attributes));
	HOLDS(find(attributes, "weight") && !find(attributes, "item"));
	IS(saImmOmAccessorFinalize(BOGUS), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmAccessorFinalize(om), SA_AIS_ERR_BAD_HANDLE);
	OK(saImmOmAccessorFinalize(old_accessor));
	OK(saImmOmAccessorFinalize(accessor));
	IS(saImmOmAccessorGet_2(accessor, &root, NULL, &attributes), SA_AIS_ERR_BAD_HANDLE);
	/* So many searches and accessors has a handle. */
	SaImmAccessorHandleT many[100];
	for (int at = 0; at < 100; at++)
		OK(saImmOmAccessorInitialize(om, &many[at]));
	IS(saImmOmAccessorInitialize(om, &accessor), SA_AIS_ERR_NO_RESOURCES);
	for (int at = 0; at < 100; at++)
		OK(saImmOmAccessorFinalize(many[at]));
}

static void owners(void)
{
	SaImmAdminOwnerHandleT mine, second;
	SaNameT root = name(ROOT), missing = name("item=none"), empty = name("");
	const SaNameT *roots[] = {&root, NULL}, *gone[] = {&missing, NULL}, *none[] = {NULL}, *bad[] = {&empty, NULL};
	SaConstStringT texts[] = {ROOT, NULL}, missing_texts[] = {"item=none", NULL};
	char long_name[400];
	memset(long_name, 'o', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = 0;
	IS(saImmOmAdminOwnerInitialize(BOGUS, (char *)"me", SA_TRUE, &mine), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmAdminOwnerInitialize(om, NULL, SA_TRUE, &mine), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmAdminOwnerInitialize(om, (char *)"", SA_TRUE, &mine), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmAdminOwnerInitialize(om, long_name, SA_TRUE, &mine), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmAdminOwnerInitialize(om, (char *)"two words", SA_TRUE, &mine), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmAdminOwnerInitialize(om, (char *)"me", (SaBoolT)2, &mine), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmAdminOwnerInitialize(om, (char *)"me", SA_TRUE, NULL), SA_AIS_ERR_INVALID_PARAM);
	OK(saImmOmAdminOwnerInitialize(om, (char *)"me", SA_TRUE, &mine));
	OK(saImmOmAdminOwnerInitialize(om, (char *)"other", SA_TRUE, &second));

	IS(saImmOmAdminOwnerSet(BOGUS, roots, SA_IMM_ONE), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmAdminOwnerSet(om, roots, SA_IMM_ONE), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmAdminOwnerSet(mine, NULL, SA_IMM_ONE), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmAdminOwnerSet(mine, none, SA_IMM_ONE), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmAdminOwnerSet(mine, bad, SA_IMM_ONE), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmAdminOwnerSet(mine, roots, (SaImmScopeT)4), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmAdminOwnerSet(mine, gone, SA_IMM_ONE), SA_AIS_ERR_NOT_EXIST);
	OK(saImmOmAdminOwnerSet(mine, roots, SA_IMM_SUBTREE));
	OK(saImmOmAdminOwnerSet(mine, roots, SA_IMM_ONE));
	IS(saImmOmAdminOwnerSet(second, roots, SA_IMM_ONE), SA_AIS_ERR_EXIST);
	IS(saImmOmAdminOwnerSet_o3(old_owner, texts, SA_IMM_ONE), SA_AIS_ERR_VERSION);
	IS(saImmOmAdminOwnerSet_o3(BOGUS, texts, SA_IMM_ONE), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmAdminOwnerSet_o3(mine, NULL, SA_IMM_ONE), SA_AIS_ERR_INVALID_PARAM);
	OK(saImmOmAdminOwnerSet_o3(mine, texts, SA_IMM_ONE));

	IS(saImmOmAdminOwnerRelease(BOGUS, roots, SA_IMM_ONE), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmAdminOwnerRelease(mine, NULL, SA_IMM_ONE), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmAdminOwnerRelease(mine, gone, SA_IMM_ONE), SA_AIS_ERR_NOT_EXIST);
	IS(saImmOmAdminOwnerRelease(second, roots, SA_IMM_ONE), SA_AIS_ERR_NOT_EXIST);
	OK(saImmOmAdminOwnerRelease(mine, roots, SA_IMM_ONE));
	OK(saImmOmAdminOwnerSet(mine, roots, SA_IMM_ONE));
	IS(saImmOmAdminOwnerRelease_o3(old_owner, texts, SA_IMM_ONE), SA_AIS_ERR_VERSION);
	IS(saImmOmAdminOwnerRelease_o3(mine, missing_texts, SA_IMM_ONE), SA_AIS_ERR_NOT_EXIST);
	OK(saImmOmAdminOwnerRelease_o3(mine, texts, SA_IMM_ONE));

	IS(saImmOmAdminOwnerClear(BOGUS, roots, SA_IMM_ONE), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmAdminOwnerClear(mine, roots, SA_IMM_ONE), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmAdminOwnerClear(om, NULL, SA_IMM_ONE), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmAdminOwnerClear(om, gone, SA_IMM_ONE), SA_AIS_ERR_NOT_EXIST);
	OK(saImmOmAdminOwnerSet(second, roots, SA_IMM_ONE));
	OK(saImmOmAdminOwnerClear(om, roots, SA_IMM_ONE));
	OK(saImmOmAdminOwnerSet(mine, roots, SA_IMM_ONE));
	IS(saImmOmAdminOwnerClear_o3(old, texts, SA_IMM_ONE), SA_AIS_ERR_VERSION);
	IS(saImmOmAdminOwnerClear_o3(om, missing_texts, SA_IMM_ONE), SA_AIS_ERR_NOT_EXIST);
	OK(saImmOmAdminOwnerClear_o3(om, texts, SA_IMM_ONE));

	IS(saImmOmAdminOwnerFinalize(BOGUS), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmAdminOwnerFinalize(om), SA_AIS_ERR_BAD_HANDLE);
	/* The handle takes its objects along. */
	OK(saImmOmAdminOwnerSet(mine, roots, SA_IMM_ONE));
	OK(saImmOmAdminOwnerFinalize(mine));
	OK(saImmOmAdminOwnerSet(second, roots, SA_IMM_ONE));
	OK(saImmOmAdminOwnerFinalize(second));
	IS(saImmOmAdminOwnerSet(second, roots, SA_IMM_ONE), SA_AIS_ERR_BAD_HANDLE);
}

static SaAisErrorT modify(const char *attribute, SaImmValueTypeT type, int kind, SaUint32T number, void *value)
{
	SaNameT root = name(ROOT);
	SaImmAttrValueT values[] = {value, value};
	SaImmAttrModificationT_2 change = {(SaImmAttrModificationTypeT)kind,
					   {(char *)attribute, type, number, value ? values : NULL}};
	const SaImmAttrModificationT_2 *changes[] = {&change, NULL};
	return saImmOmCcbObjectModify_2(ccb, &root, changes);
}

static void modifications(void)
{
	SaUint32T weight = 9;
	SaStringT text = (char *)"text", broken = (char *)"\xff";
	SaNameT root = name(ROOT), missing = name("item=none");
	SaImmAttrValueT values[] = {&weight};
	SaImmAttrModificationT_2 change = {SA_IMM_ATTR_VALUES_REPLACE,
					   {(char *)"weight", SA_IMM_ATTR_SAUINT32T, 1, values}};
	const SaImmAttrModificationT_2 *changes[] = {&change, NULL}, *none[] = {NULL}, *twice[] = {&change, &change, NULL};
	IS(saImmOmCcbObjectModify_2(BOGUS, &root, changes), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmCcbObjectModify_2(ccb, NULL, changes), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmCcbObjectModify_2(ccb, &root, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmCcbObjectModify_2(ccb, &root, none), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmCcbObjectModify_2(ccb, &root, twice), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmCcbObjectModify_2(ccb, &missing, changes), SA_AIS_ERR_NOT_EXIST);
	struct { const char *attribute; SaImmValueTypeT type; int kind; SaUint32T number; void *value; SaAisErrorT rc; }
	cases[] = {
		{"weight", SA_IMM_ATTR_SASTRINGT, 3, 1, &text, SA_AIS_ERR_INVALID_PARAM},
		{"weight", SA_IMM_ATTR_SAUINT32T, 0, 1, &weight, SA_AIS_ERR_INVALID_PARAM},
		{"weight", SA_IMM_ATTR_SAUINT32T, 4, 1, &weight, SA_AIS_ERR_INVALID_PARAM},
		{"weight", SA_IMM_ATTR_SAUINT32T, 1, 0, NULL, SA_AIS_ERR_INVALID_PARAM},
		{"weight", SA_IMM_ATTR_SAUINT32T, 2, 0, NULL, SA_AIS_ERR_INVALID_PARAM},
		{"weight", SA_IMM_ATTR_SAUINT32T, 3, 2, &weight, SA_AIS_ERR_INVALID_PARAM},
		{"weight", SA_IMM_ATTR_SAUINT32T, 3, 1, NULL, SA_AIS_ERR_INVALID_PARAM},
		{"weight", (SaImmValueTypeT)0, 3, 1, &weight, SA_AIS_ERR_INVALID_PARAM},
		{"note", SA_IMM_ATTR_SASTRINGT, 3, 1, &broken, SA_AIS_ERR_INVALID_PARAM},
		{"state", SA_IMM_ATTR_SAUINT32T, 3, 1, &weight, SA_AIS_ERR_INVALID_PARAM},
		{"item", SA_IMM_ATTR_SASTRINGT, 3, 1, &text, SA_AIS_ERR_INVALID_PARAM},
		{"nope", SA_IMM_ATTR_SAUINT32T, 3, 1, &weight, SA_AIS_ERR_NOT_EXIST},
		{NULL, SA_IMM_ATTR_SAUINT32T, 3, 1, &weight, SA_AIS_ERR_INVALID_PARAM},
		{"", SA_IMM_ATTR_SAUINT32T, 3, 1, &weight, SA_AIS_ERR_INVALID_PARAM},
		{"weight", SA_IMM_ATTR_SAUINT32T, 3, 1, &weight, SA_AIS_OK},
		{"note", SA_IMM_ATTR_SASTRINGT, 3, 0, NULL, SA_AIS_OK},
		{"tags", SA_IMM_ATTR_SASTRINGT, 1, 2, &text, SA_AIS_OK},
	};
	for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
		SaAisErrorT got = modify(cases[at].attribute, cases[at].type, cases[at].kind, cases[at].number, cases[at].value);
		if (got != cases[at].rc)
			fprintf(stderr, "case %zu\n", at);
		IS(got, cases[at].rc);
	}
	IS(saImmOmCcbObjectModify_o3(BOGUS, ROOT, changes), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmCcbObjectModify_o3(old_ccb, ROOT, changes), SA_AIS_ERR_VERSION);
	IS(saImmOmCcbObjectModify_o3(ccb, NULL, changes), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmCcbObjectModify_o3(ccb, "item=none", changes), SA_AIS_ERR_NOT_EXIST);
	OK(saImmOmCcbObjectModify_o3(ccb, ROOT, changes));
	OK(saImmOmCcbAbort(ccb));
}

static SaAisErrorT create(const char *class_name, const char *parent, const char *rdn, const char *attribute,
			  SaImmValueTypeT type, SaUint32T number, void *value)
{
	SaStringT rdn_text = (char *)rdn;
	SaImmAttrValueT rdns[] = {&rdn_text}, values[] = {value, value};
	SaImmAttrValuesT_2 by_name = {(char *)"item", SA_IMM_ATTR_SASTRINGT, 1, rdns};
	SaImmAttrValuesT_2 more = {(char *)attribute, type, number, values};
	const SaImmAttrValuesT_2 *attributes[] = {rdn ? &by_name : &more, rdn && attribute ? &more : NULL, NULL};
	SaNameT above = name(parent);
	return saImmOmCcbObjectCreate_2(ccb, (char *)class_name, &above, attributes);
}

static void creations(void)
{
	SaUint32T weight = 9;
	SaStringT text = (char *)"text", broken = (char *)"\xff";
	SaNameT root = name(ROOT);
	const SaImmAttrValuesT_2 *none[] = {NULL};
	struct { const char *class_name, *parent, *rdn, *attribute; SaImmValueTypeT type; SaUint32T number; void *value;
		 SaAisErrorT rc; } cases[] = {
		{NULL, ROOT, "item=1", NULL, SA_IMM_ATTR_SASTRINGT, 0, NULL, SA_AIS_ERR_INVALID_PARAM},
		{"", ROOT, "item=1", NULL, SA_IMM_ATTR_SASTRINGT, 0, NULL, SA_AIS_ERR_INVALID_PARAM},
		{"Nope", ROOT, "item=1", NULL, SA_IMM_ATTR_SASTRINGT, 0, NULL, SA_AIS_ERR_NOT_EXIST},
		{RUNTIME_CLASS, ROOT, "item=1", NULL, SA_IMM_ATTR_SASTRINGT, 0, NULL, SA_AIS_ERR_INVALID_PARAM},
		{CONFIG_CLASS, "item=none", "item=1", NULL, SA_IMM_ATTR_SASTRINGT, 0, NULL, SA_AIS_ERR_NOT_EXIST},
		{CONFIG_CLASS, ROOT, NULL, "weight", SA_IMM_ATTR_SAUINT32T, 1, &weight, SA_AIS_ERR_INVALID_PARAM},
		{CONFIG_CLASS, ROOT, "", NULL, SA_IMM_ATTR_SASTRINGT, 0, NULL, SA_AIS_ERR_INVALID_PARAM},
		{CONFIG_CLASS, ROOT, "item=a b", NULL, SA_IMM_ATTR_SASTRINGT, 0, NULL, SA_AIS_ERR_INVALID_PARAM},
		{CONFIG_CLASS, ROOT, "item=a,b", NULL, SA_IMM_ATTR_SASTRINGT, 0, NULL, SA_AIS_ERR_INVALID_PARAM},
		{CONFIG_CLASS, ROOT, "item=1", "nope", SA_IMM_ATTR_SAUINT32T, 1, &weight, SA_AIS_ERR_NOT_EXIST},
		{CONFIG_CLASS, ROOT, "item=1", "weight", SA_IMM_ATTR_SASTRINGT, 1, &text, SA_AIS_ERR_INVALID_PARAM},
		{CONFIG_CLASS, ROOT, "item=1", "weight", SA_IMM_ATTR_SAUINT32T, 2, &weight, SA_AIS_ERR_INVALID_PARAM},
		{CONFIG_CLASS, ROOT, "item=1", "weight", SA_IMM_ATTR_SAUINT32T, 1, NULL, SA_AIS_ERR_INVALID_PARAM},
		{CONFIG_CLASS, ROOT, "item=1", "state", SA_IMM_ATTR_SAUINT32T, 1, &weight, SA_AIS_ERR_INVALID_PARAM},
		{CONFIG_CLASS, ROOT, "item=1", "note", SA_IMM_ATTR_SASTRINGT, 1, &broken, SA_AIS_ERR_INVALID_PARAM},
		{CONFIG_CLASS, ROOT, "item=1", "item", SA_IMM_ATTR_SASTRINGT, 1, &text, SA_AIS_ERR_INVALID_PARAM},
		{CONFIG_CLASS, ROOT, "item=1", "weight", SA_IMM_ATTR_SAUINT32T, 0, NULL, SA_AIS_OK},
		{CONFIG_CLASS, ROOT, "item=1", NULL, SA_IMM_ATTR_SASTRINGT, 0, NULL, SA_AIS_ERR_EXIST},
		{CONFIG_CLASS, "", ROOT, NULL, SA_IMM_ATTR_SASTRINGT, 0, NULL, SA_AIS_ERR_EXIST},
	};
	for (size_t at = 0; at < sizeof(cases) / sizeof(cases[0]); at++) {
		SaAisErrorT got = create(cases[at].class_name, cases[at].parent, cases[at].rdn, cases[at].attribute,
					 cases[at].type, cases[at].number, cases[at].value);
		if (got != cases[at].rc)
			fprintf(stderr, "case %zu\n", at);
		IS(got, cases[at].rc);
	}
	IS(saImmOmCcbObjectCreate_2(BOGUS, (char *)CONFIG_CLASS, &root, none), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmCcbObjectCreate_2(ccb, (char *)CONFIG_CLASS, &root, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmCcbObjectCreate_o3(BOGUS, (char *)CONFIG_CLASS, "item=2," ROOT, NULL), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmCcbObjectCreate_o3(old_ccb, (char *)CONFIG_CLASS, "item=2," ROOT, NULL), SA_AIS_ERR_VERSION);
	IS(saImmOmCcbObjectCreate_o3(ccb, NULL, "item=2," ROOT, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmCcbObjectCreate_o3(ccb, (char *)CONFIG_CLASS, NULL, NULL), SA_AIS_ERR_INVALID_PARAM);
	/* The name stands in the DN and nowhere else. */
	SaStringT rdn = (char *)"item=2";
	SaImmAttrValueT rdns[] = {&rdn};
	SaImmAttrValuesT_2 by_name = {(char *)"item", SA_IMM_ATTR_SASTRINGT, 1, rdns};
	const SaImmAttrValuesT_2 *named[] = {&by_name, NULL};
	IS(saImmOmCcbObjectCreate_o3(ccb, (char *)CONFIG_CLASS, "item=2," ROOT, named), SA_AIS_ERR_INVALID_PARAM);
	OK(saImmOmCcbObjectCreate_o3(ccb, (char *)CONFIG_CLASS, "item=2," ROOT, NULL));
	/* Somebody else's parent. */
	SaImmAdminOwnerHandleT stranger = owner_handle(om, "stranger");
	SaImmCcbHandleT strange = ccb_handle(stranger);
	IS(add_item(strange, "item=3", ROOT, 1), SA_AIS_ERR_BAD_OPERATION);
	OK(saImmOmAdminOwnerFinalize(stranger));
	IS(add_item(strange, "item=3", ROOT, 1), SA_AIS_ERR_BAD_HANDLE);
	OK(saImmOmCcbAbort(ccb));
}

static void bundles(void)
{
	SaImmCcbHandleT made, second;
	SaNameT root = name(ROOT), missing = name("item=none"), empty = name("");
	SaImmAttrValuesT_2 **attributes;
	SaImmAttrNameT weight[] = {(char *)"weight", NULL};
	const SaStringT *strings = (const SaStringT *)1;
	IS(saImmOmCcbInitialize(BOGUS, 0, &made), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmCcbInitialize(om, 0, &made), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmCcbInitialize(owner, 0, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmCcbInitialize(owner, 0x2, &made), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmCcbInitialize(owner, SA_IMM_CCB_ALLOW_NULL_OI, &made), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmCcbInitialize(old_owner, SA_IMM_CCB_ALLOW_NULL_OI | SA_IMM_CCB_REGISTERED_OI, &made), SA_AIS_ERR_VERSION);
	OK(saImmOmCcbInitialize(owner, SA_IMM_CCB_REGISTERED_OI, &made));
	IS(set_weight(made, ROOT, 3), SA_AIS_ERR_NOT_EXIST);
	OK(saImmOmCcbFinalize(made));
	creations();
	modifications();

	IS(saImmOmCcbObjectDelete(BOGUS, &root), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmCcbObjectDelete(ccb, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmCcbObjectDelete(ccb, &empty), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmCcbObjectDelete(ccb, &missing), SA_AIS_ERR_NOT_EXIST);
	IS(saImmOmCcbObjectDelete_o3(BOGUS, ROOT), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmCcbObjectDelete_o3(old_ccb, ROOT), SA_AIS_ERR_VERSION);
	IS(saImmOmCcbObjectDelete_o3(ccb, NULL), SA_AIS_ERR_INVALID_PARAM);
	OK(saImmOmCcbObjectDelete_o3(ccb, ROOT));
	OK(saImmOmCcbObjectDelete(ccb, &root));
	OK(saImmOmCcbAbort(ccb));

	IS(saImmOmCcbApply(BOGUS), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmCcbApply(owner), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmCcbValidate(BOGUS), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmCcbValidate(old_ccb), SA_AIS_ERR_VERSION);
	IS(saImmOmCcbAbort(BOGUS), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmCcbAbort(old_ccb), SA_AIS_ERR_VERSION);
	OK(set_weight(ccb, ROOT, 8));
	OK(saImmOmCcbValidate(ccb));
	OK(saImmOmCcbValidate(ccb));
	OK(saImmOmCcbApply(ccb));
	/* The handle goes on after an apply. */
	OK(set_weight(ccb, ROOT, 7));
	second = ccb_handle(owner);
	IS(set_weight(second, ROOT, 6), SA_AIS_ERR_BUSY);
	OK(saImmOmCcbApply(ccb));

	/* A reference that leads nowhere is found when the CCB is applied. */
	SaNameT nowhere = name("item=nowhere");
	IS(saImmOmCcbGetErrorStrings(ccb, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmCcbGetErrorStrings(BOGUS, &strings), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmCcbGetErrorStrings(old_ccb, &strings), SA_AIS_ERR_VERSION);
	OK(saImmOmCcbGetErrorStrings(ccb, &strings));
	HOLDS(strings == NULL);
	OK(modify("link", SA_IMM_ATTR_SANAMET, 3, 1, &nowhere));
	IS(saImmOmCcbApply(ccb), SA_AIS_ERR_FAILED_OPERATION);
	OK(saImmOmCcbGetErrorStrings(ccb, &strings));
	HOLDS(strings && strings[0] && strstr(strings[0], "nowhere"));
	OK(saImmOmCcbAbort(ccb));

	IS(saImmOmCcbObjectRead(BOGUS, ROOT, NULL, &attributes), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmCcbObjectRead(old_ccb, ROOT, NULL, &attributes), SA_AIS_ERR_VERSION);
	IS(saImmOmCcbObjectRead(ccb, NULL, NULL, &attributes), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmCcbObjectRead(ccb, "", NULL, &attributes), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmCcbObjectRead(ccb, ROOT, weight, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmCcbObjectRead(ccb, "item=none", NULL, &attributes), SA_AIS_ERR_NOT_EXIST);
	OK(set_weight(ccb, ROOT, 5));
	OK(saImmOmCcbObjectRead(ccb, ROOT, weight, &attributes));
	HOLDS(*(SaUint32T *)attributes[0]->attrValues[0] == 5);
	IS(saImmOmCcbObjectRead(second, ROOT, weight, &attributes), SA_AIS_ERR_BUSY);
	OK(saImmOmCcbFinalize(second));
	OK(saImmOmCcbAbort(ccb));

	IS(saImmOmCcbFinalize(BOGUS), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmCcbFinalize(owner), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmCcbFinalize(second), SA_AIS_ERR_BAD_HANDLE);
	IS(set_weight(second, ROOT, 6), SA_AIS_ERR_BAD_HANDLE);
}

static void operations(void)
{
	SaNameT root = name(ROOT), missing = name("item=none"), empty = name("");
	SaUint32T number = 1;
	SaAisErrorT returned;
	SaImmAdminOperationParamsT_2 *good = &(SaImmAdminOperationParamsT_2){(char *)"p", SA_IMM_ATTR_SAUINT32T, &number};
	SaImmAdminOperationParamsT_2 nameless = {NULL, SA_IMM_ATTR_SAUINT32T, &number};
	SaImmAdminOperationParamsT_2 typeless = {(char *)"p", (SaImmValueTypeT)77, &number};
	SaImmAdminOperationParamsT_2 valueless = {(char *)"p", SA_IMM_ATTR_SAUINT32T, NULL};
	const SaImmAdminOperationParamsT_2 *none[] = {NULL}, *one[] = {good, NULL}, *bad[] = {&nameless, NULL};
	SaImmAdminOperationParamsT_2 **result;
	const SaTimeT second = SA_TIME_ONE_SECOND;
#define INVOKE(owner, object, id, params, returned, timeout) \
	saImmOmAdminOperationInvoke_2(owner, object, 0, id, params, returned, timeout)
	IS(INVOKE(BOGUS, &root, 1, none, &returned, second), SA_AIS_ERR_BAD_HANDLE);
	IS(INVOKE(om, &root, 1, none, &returned, second), SA_AIS_ERR_BAD_HANDLE);
	IS(INVOKE(owner, NULL, 1, none, &returned, second), SA_AIS_ERR_INVALID_PARAM);
	IS(INVOKE(owner, &empty, 1, none, &returned, second), SA_AIS_ERR_INVALID_PARAM);
	IS(INVOKE(owner, &root, 1, NULL, &returned, second), SA_AIS_ERR_INVALID_PARAM);
	IS(INVOKE(owner, &root, 1, none, NULL, second), SA_AIS_ERR_INVALID_PARAM);
	IS(INVOKE(owner, &root, 1, none, &returned, -1), SA_AIS_ERR_INVALID_PARAM);
	IS(INVOKE(owner, &root, 1, bad, &returned, second), SA_AIS_ERR_INVALID_PARAM);
	bad[0] = &typeless;
	IS(INVOKE(owner, &root, 1, bad, &returned, second), SA_AIS_ERR_INVALID_PARAM);
	bad[0] = &valueless;
	IS(INVOKE(owner, &root, 1, bad, &returned, second), SA_AIS_ERR_INVALID_PARAM);
	IS(INVOKE(owner, &root, SA_IMM_PARAM_ADMOP_ID_ESC, one, &returned, second), SA_AIS_ERR_INVALID_PARAM);
	IS(INVOKE(owner, &missing, 1, none, &returned, second), SA_AIS_ERR_NOT_EXIST);
	/* Nobody implements it. */
	IS(INVOKE(owner, &root, 1, one, &returned, second), SA_AIS_ERR_NOT_EXIST);
	IS(saImmOmAdminOperationInvoke_o2(old_owner, &root, 0, 1, none, &returned, second, &result), SA_AIS_ERR_VERSION);
	IS(saImmOmAdminOperationInvoke_o2(BOGUS, &root, 0, 1, none, &returned, second, &result), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmAdminOperationInvoke_o2(owner, &root, 0, 1, none, &returned, second, &result), SA_AIS_ERR_NOT_EXIST);
	HOLDS(result == NULL);
	IS(saImmOmAdminOperationInvoke_o3(old_owner, ROOT, 0, 1, none, &returned, second, &result), SA_AIS_ERR_VERSION);
	IS(saImmOmAdminOperationInvoke_o3(owner, NULL, 0, 1, none, &returned, second, &result), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmAdminOperationInvoke_o3(owner, ROOT, 0, 1, none, &returned, second, &result), SA_AIS_ERR_NOT_EXIST);
	/* The handle has no callback for answers. */
	IS(saImmOmAdminOperationInvokeAsync_2(owner, 1, &root, 0, 1, none), SA_AIS_ERR_INIT);
	IS(saImmOmAdminOperationInvokeAsync_2(BOGUS, 1, &root, 0, 1, none), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmAdminOperationInvokeAsync_2(owner, 1, NULL, 0, 1, none), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmAdminOperationInvokeAsync_2(owner, 1, &root, 0, 1, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOmAdminOperationInvokeAsync_o3(old_owner, 1, ROOT, 0, 1, none), SA_AIS_ERR_VERSION);
	IS(saImmOmAdminOperationInvokeAsync_o3(owner, 1, ROOT, 0, 1, none), SA_AIS_ERR_INIT);
	IS(saImmOmAdminOperationMemoryFree(BOGUS, NULL), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmAdminOperationMemoryFree(old_owner, NULL), SA_AIS_ERR_VERSION);
	OK(saImmOmAdminOperationMemoryFree(owner, NULL));
	IS(saImmOmAdminOperationMemoryFree(owner, (SaImmAdminOperationParamsT_2 **)&result), SA_AIS_ERR_INVALID_PARAM);
	/* Continuations. */
	IS(saImmOmAdminOperationContinue(owner, &root, 1, &returned), SA_AIS_ERR_NOT_SUPPORTED);
	IS(saImmOmAdminOperationContinue_o2(owner, &root, 1, &returned, &result), SA_AIS_ERR_NOT_SUPPORTED);
	IS(saImmOmAdminOperationContinue_o3(owner, ROOT, 1, &returned, &result), SA_AIS_ERR_NOT_SUPPORTED);
	IS(saImmOmAdminOperationContinueAsync(owner, 1, &root, 1), SA_AIS_ERR_NOT_SUPPORTED);
	IS(saImmOmAdminOperationContinueAsync_o3(owner, 1, ROOT, 1), SA_AIS_ERR_NOT_SUPPORTED);
	IS(saImmOmAdminOperationContinuationClear(owner, &root, 1), SA_AIS_ERR_NOT_SUPPORTED);
	IS(saImmOmAdminOperationContinuationClear_o3(owner, ROOT, 1), SA_AIS_ERR_NOT_SUPPORTED);
}

int main(void)
{
	SaNameT root = name(ROOT);
	const SaNameT *roots[] = {&root, NULL};
	om = om_handle(18), old = om_handle(1);
	create_classes(om);
	owner = owner_handle(om, "checker"), old_owner = owner_handle(old, "old-checker");
	ccb = ccb_handle(owner), old_ccb = ccb_handle(old_owner);
	OK(add_item(ccb, ROOT, NULL, 7));
	OK(saImmOmCcbApply(ccb));
	library();
	classes();
	searches();
	accessors();
	OK(saImmOmAdminOwnerRelease(owner, roots, SA_IMM_SUBTREE));
	owners();
	OK(saImmOmAdminOwnerSet(owner, roots, SA_IMM_SUBTREE));
	bundles();
	operations();
	OK(remove_item(ccb, ROOT));
	OK(saImmOmCcbApply(ccb));
	OK(saImmOmFinalize(old));
	/* What was made from a handle goes with it. */
	OK(saImmOmFinalize(om));
	IS(saImmOmCcbApply(ccb), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmAdminOwnerFinalize(owner), SA_AIS_ERR_BAD_HANDLE);
	return 0;
}
