/* Every kind of call of saImmOm.h leaves nothing behind: `leak_om TIMES [LEAKY]`, see count.h. A thread dispatches for an
 * implementer that answers the administrative operations. */
#include <pthread.h>
#include "../count.h"
#include "check.h"

#define CHILD "item=leak," ROOT

static SaImmHandleT om, async;
static SaImmAdminOwnerHandleT owner, async_owner;
static SaImmCcbHandleT ccb, reader;
static SaImmAccessorHandleT accessor;
static SaImmOiHandleT oi;
static SaSelectionObjectT async_fd;
static SaNameT root;
static const SaNameT *roots[] = {&root, NULL};
static SaConstStringT root_texts[] = {ROOT, NULL};
static int answers;

static void on_operation(SaImmOiHandleT handle, SaInvocationT invocation, const SaNameT *object,
			 SaImmAdminOperationIdT operation, const SaImmAdminOperationParamsT_2 **params)
{
	(void)object, (void)operation;
	OK(saImmOiAdminOperationResult_o2(handle, invocation, SA_AIS_OK, params));
}

static void *dispatcher(void *unused)
{
	(void)unused;
	OK(saImmOiDispatch(oi, SA_DISPATCH_BLOCKING));
	return NULL;
}

static void on_invoked(SaInvocationT invocation, SaAisErrorT returned, SaAisErrorT error,
		       const SaImmAdminOperationParamsT_2 **params)
{
	(void)invocation;
	HOLDS(returned == SA_AIS_OK && error == SA_AIS_OK && params && params[0]);
	answers++;
}

/* ---- handles ---- */

static void initialize(void) { OK(saImmOmFinalize(om_handle(18))); }

static void initialize_o2(void)
{
	SaImmHandleT handle;
	SaImmCallbacksT_o2 back = {on_invoked};
	SaVersionT wanted = version(18);
	SaSelectionObjectT selection;
	OK(saImmOmInitialize_o2(&handle, &back, &wanted));
	OK(saImmOmSelectionObjectGet(handle, &selection));
	OK(saImmOmDispatch(handle, SA_DISPATCH_ALL));
	OK(saImmOmFinalize(handle));
}

/* All that a handle may have goes with it. */
static void finalize_with_all(void)
{
	SaImmHandleT handle = om_handle(18);
	SaImmAccessorHandleT made;
	SaImmSearchHandleT search;
	SaImmAttrValuesT_2 **attributes;
	SaNameT found;
	SaImmAdminOwnerHandleT other = owner_handle(handle, "other");
	SaImmCcbHandleT bundle = ccb_handle(other);
	OK(saImmOmAccessorInitialize(handle, &made));
	OK(saImmOmAccessorGet_2(made, &root, NULL, &attributes));
	OK(saImmOmSearchInitialize_2(handle, NULL, SA_IMM_SUBTREE, SA_IMM_SEARCH_GET_ALL_ATTR, NULL, NULL, &search));
	OK(saImmOmSearchNext_2(search, &found, &attributes));
	IS(set_weight(bundle, "item=none", 1), SA_AIS_ERR_NOT_EXIST);
	OK(saImmOmFinalize(handle));
}

static void wrong_handles(void)
{
	SaVersionT wrong = {'B', 1, 1};
	SaImmHandleT handle;
	IS(saImmOmInitialize(&handle, NULL, &wrong), SA_AIS_ERR_VERSION);
	IS(saImmOmFinalize(12345), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmSearchFinalize(owner), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmCcbApply(om), SA_AIS_ERR_BAD_HANDLE);
}

/* ---- classes ---- */

static void class_create_and_delete(void)
{
	SaUint32T five = 5;
	SaImmAttrDefinitionT_2 rdn = {(char *)"leaky", SA_IMM_ATTR_SASTRINGT, SA_IMM_ATTR_CONFIG | SA_IMM_ATTR_RDN, NULL};
	SaImmAttrDefinitionT_2 size = {(char *)"size", SA_IMM_ATTR_SAUINT32T, SA_IMM_ATTR_CONFIG, &five};
	const SaImmAttrDefinitionT_2 *definitions[] = {&rdn, &size, NULL};
	OK(saImmOmClassCreate_2(om, (char *)"CapiLeak", SA_IMM_CLASS_CONFIG, definitions));
	IS(saImmOmClassCreate_2(om, (char *)"CapiLeak", SA_IMM_CLASS_CONFIG, definitions), SA_AIS_ERR_EXIST);
	OK(saImmOmClassDelete(om, (char *)"CapiLeak"));
}

static void class_description(void)
{
	SaImmClassCategoryT category;
	SaImmAttrDefinitionT_2 **definitions;
	OK(saImmOmClassDescriptionGet_2(om, (char *)CONFIG_CLASS, &category, &definitions));
	OK(saImmOmClassDescriptionMemoryFree_2(om, definitions));
	IS(saImmOmClassDescriptionGet_2(om, (char *)"Nope", &category, &definitions), SA_AIS_ERR_NOT_EXIST);
}

/* ---- reading ---- */

static void search_2(void)
{
	SaImmSearchHandleT search;
	SaImmAttrValuesT_2 **attributes;
	SaNameT found;
	OK(saImmOmSearchInitialize_2(om, NULL, SA_IMM_SUBTREE, SA_IMM_SEARCH_GET_ALL_ATTR, NULL, NULL, &search));
	while (saImmOmSearchNext_2(search, &found, &attributes) == SA_AIS_OK)
		;
	OK(saImmOmSearchFinalize(search));
}

static void search_o3(void)
{
	SaImmSearchHandleT search;
	SaImmAttrValuesT_2 **attributes;
	SaStringT found, class_name = (char *)CONFIG_CLASS;
	SaImmAttrNameT names[] = {(char *)"weight", NULL};
	SaImmSearchParametersT_2 filter = {
	    .searchOneAttr = {(char *)SA_IMM_ATTR_CLASS_NAME, SA_IMM_ATTR_SASTRINGT, &class_name}};
	OK(saImmOmSearchInitialize_o3(om, ROOT, SA_IMM_SUBTREE, SA_IMM_SEARCH_ONE_ATTR | SA_IMM_SEARCH_GET_SOME_ATTR, &filter,
				      names, &search));
	/* Not to its end. */
	OK(saImmOmSearchNext_o3(search, &found, &attributes));
	OK(saImmOmSearchFinalize(search));
}

static void accessor_initialize(void)
{
	SaImmAccessorHandleT made;
	OK(saImmOmAccessorInitialize(om, &made));
	OK(saImmOmAccessorFinalize(made));
}

static void accessor_get_2(void)
{
	SaImmAttrValuesT_2 **attributes;
	SaImmAttrNameT nope[] = {(char *)"nope", NULL};
	OK(saImmOmAccessorGet_2(accessor, &root, NULL, &attributes));
	IS(saImmOmAccessorGet_2(accessor, &root, nope, &attributes), SA_AIS_ERR_NOT_EXIST);
}

static void accessor_get_o3(void)
{
	SaImmAttrValuesT_2 **attributes;
	OK(saImmOmAccessorGet_o3(accessor, ROOT, NULL, &attributes));
}

/* ---- owners ---- */

static void owner_initialize(void) { OK(saImmOmAdminOwnerFinalize(owner_handle(om, "other"))); }

static void owner_release_and_set(void)
{
	OK(saImmOmAdminOwnerRelease(owner, roots, SA_IMM_SUBTREE));
	OK(saImmOmAdminOwnerSet(owner, roots, SA_IMM_SUBTREE));
}

static void owner_release_and_set_o3(void)
{
	OK(saImmOmAdminOwnerRelease_o3(owner, root_texts, SA_IMM_SUBTREE));
	OK(saImmOmAdminOwnerSet_o3(owner, root_texts, SA_IMM_SUBTREE));
}

static void owner_clear(void)
{
	OK(saImmOmAdminOwnerClear(om, roots, SA_IMM_SUBTREE));
	OK(saImmOmAdminOwnerClear_o3(om, root_texts, SA_IMM_SUBTREE));
	OK(saImmOmAdminOwnerSet(owner, roots, SA_IMM_SUBTREE));
}

/* ---- CCBs ---- */

static void ccb_initialize(void) { OK(saImmOmCcbFinalize(ccb_handle(owner))); }

static void ccb_create_apply_delete_apply(void)
{
	OK(add_item(ccb, "item=leak", ROOT, 1));
	OK(saImmOmCcbApply(ccb));
	OK(remove_item(ccb, CHILD));
	OK(saImmOmCcbApply(ccb));
}

static void ccb_create_o3_abort(void)
{
	OK(saImmOmCcbObjectCreate_o3(ccb, (char *)CONFIG_CLASS, CHILD, NULL));
	OK(saImmOmCcbAbort(ccb));
}

static void ccb_modify_apply(void)
{
	static SaUint32T weight;
	OK(set_weight(ccb, ROOT, weight++ % 7));
	OK(saImmOmCcbApply(ccb));
}

static void ccb_modify_o3_validate_abort(void)
{
	SaUint32T number = 9;
	SaImmAttrValueT values[] = {&number};
	SaImmAttrModificationT_2 change = {SA_IMM_ATTR_VALUES_REPLACE,
					   {(char *)"weight", SA_IMM_ATTR_SAUINT32T, 1, values}};
	const SaImmAttrModificationT_2 *changes[] = {&change, NULL};
	OK(saImmOmCcbObjectModify_o3(ccb, ROOT, changes));
	OK(saImmOmCcbValidate(ccb));
	OK(saImmOmCcbAbort(ccb));
}

static void ccb_delete_o3_finalize(void)
{
	SaImmCcbHandleT bundle = ccb_handle(owner);
	OK(saImmOmCcbObjectDelete_o3(bundle, ROOT));
	OK(saImmOmCcbFinalize(bundle));
}

static void ccb_error_strings(void)
{
	const SaStringT *strings;
	IS(set_weight(ccb, "item=none", 2), SA_AIS_ERR_NOT_EXIST);
	OK(saImmOmCcbGetErrorStrings(ccb, &strings));
}

static void ccb_object_read(void)
{
	SaImmAttrValuesT_2 **attributes;
	OK(saImmOmCcbObjectRead(reader, ROOT, NULL, &attributes));
	OK(saImmOmCcbAbort(reader));
}

/* ---- administrative operations ---- */

static SaStringT hello = (char *)"hello";
static SaImmAdminOperationParamsT_2 text = {(char *)"text", SA_IMM_ATTR_SASTRINGT, &hello};
static const SaImmAdminOperationParamsT_2 *texts[] = {&text, NULL};

static void operation_2(void)
{
	SaAisErrorT returned;
	OK(saImmOmAdminOperationInvoke_2(owner, &root, 0, 1, texts, &returned, 30 * SA_TIME_ONE_SECOND));
	HOLDS(returned == SA_AIS_OK);
}

static void operation_o2(void)
{
	SaAisErrorT returned;
	SaImmAdminOperationParamsT_2 **result;
	OK(saImmOmAdminOperationInvoke_o2(owner, &root, 0, 1, texts, &returned, 30 * SA_TIME_ONE_SECOND, &result));
	HOLDS(returned == SA_AIS_OK && result[0]);
	OK(saImmOmAdminOperationMemoryFree(owner, result));
}

static void operation_o3(void)
{
	SaAisErrorT returned;
	SaImmAdminOperationParamsT_2 **result;
	OK(saImmOmAdminOperationInvoke_o3(owner, ROOT, 0, 1, texts, &returned, 30 * SA_TIME_ONE_SECOND, &result));
	OK(saImmOmAdminOperationMemoryFree(owner, result));
}

static void await(int before)
{
	while (answers == before) {
		struct pollfd readable = {(int)async_fd, POLLIN, 0};
		HOLDS(poll(&readable, 1, 30000) > 0);
		OK(saImmOmDispatch(async, SA_DISPATCH_ALL));
	}
}

static void operation_async_2(void)
{
	int before = answers;
	OK(saImmOmAdminOperationInvokeAsync_2(async_owner, 1, &root, 0, 1, texts));
	await(before);
}

static void operation_async_o3(void)
{
	int before = answers;
	OK(saImmOmAdminOperationInvokeAsync_o3(async_owner, 1, ROOT, 0, 1, texts));
	await(before);
}

static void operation_refused(void)
{
	SaAisErrorT returned;
	SaNameT nobody = name("item=none");
	IS(saImmOmAdminOperationInvoke_2(owner, &nobody, 0, 1, texts, &returned, SA_TIME_ONE_SECOND), SA_AIS_ERR_NOT_EXIST);
	IS(saImmOmAdminOperationContinue(owner, &root, 1, &returned), SA_AIS_ERR_NOT_SUPPORTED);
	IS(saImmOmAdminOperationContinuationClear(owner, &root, 1), SA_AIS_ERR_NOT_SUPPORTED);
}

#define KIND(call) {#call, call}
static const struct kind kinds[] = {
    KIND(initialize), KIND(initialize_o2), KIND(finalize_with_all), KIND(wrong_handles),
    KIND(class_create_and_delete), KIND(class_description),
    KIND(search_2), KIND(search_o3), KIND(accessor_initialize), KIND(accessor_get_2), KIND(accessor_get_o3),
    KIND(owner_initialize), KIND(owner_release_and_set), KIND(owner_release_and_set_o3), KIND(owner_clear),
    KIND(ccb_initialize), KIND(ccb_create_apply_delete_apply), KIND(ccb_create_o3_abort), KIND(ccb_modify_apply),
    KIND(ccb_modify_o3_validate_abort), KIND(ccb_delete_o3_finalize), KIND(ccb_error_strings), KIND(ccb_object_read),
    KIND(operation_2), KIND(operation_o2), KIND(operation_o3), KIND(operation_async_2), KIND(operation_async_o3),
    KIND(operation_refused),
};

int main(int argc, char **argv)
{
	SaImmOiCallbacksT_2 callbacks = {.saImmOiAdminOperationCallback = on_operation};
	SaImmCallbacksT_o2 back = {on_invoked};
	SaVersionT wanted = version(18);
	pthread_t thread;
	root = name(ROOT);
	om = om_handle(18);
	create_classes(om);
	owner = owner_handle(om, "checker");
	ccb = ccb_handle(owner), reader = ccb_handle(owner);
	OK(add_item(ccb, ROOT, NULL, 7));
	OK(saImmOmCcbApply(ccb));
	OK(saImmOmAccessorInitialize(om, &accessor));
	OK(saImmOiInitialize_2(&oi, &callbacks, &wanted));
	OK(saImmOiImplementerSet(oi, (char *)"leak"));
	wanted = version(18);
	OK(saImmOmInitialize_o2(&async, &back, &wanted));
	OK(saImmOmSelectionObjectGet(async, &async_fd));
	async_owner = owner_handle(async, "checker");
	HOLDS(pthread_create(&thread, NULL, dispatcher, NULL) == 0);
	/* Up to the operations nobody implements the object, so that nobody is asked about CCBs. */
	size_t first = 0, all = sizeof(kinds) / sizeof(kinds[0]);
	while (kinds[first].run != operation_2)
		first++;
	int failed = leaks_nothing(kinds, first, argc, argv);
	OK(saImmOiObjectImplementerSet(oi, &root, SA_IMM_ONE));
	failed |= leaks_nothing(kinds + first, all - first, argc, argv);
	OK(saImmOiFinalize(oi));
	pthread_join(thread, NULL);
	return failed;
}
