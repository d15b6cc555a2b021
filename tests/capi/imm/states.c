/* The codes that depend on what else goes on: other owners, open CCBs, implementers that are slow, limits, rights. */
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"

#define SERVICE "opensafImm=opensafImm,safApp=safImmService"

static SaImmHandleT om;
static SaImmAdminOwnerHandleT owner, stranger;
static SaImmCcbHandleT ccb, other;
static SaImmOiHandleT oi;
static SaNameT root, first;
static const SaNameT *roots[] = {&root, NULL}, *firsts[] = {&first, NULL};
static volatile SaAisErrorT verdict = SA_AIS_OK;

static SaAisErrorT on_change(SaImmOiHandleT handle, SaImmOiCcbIdT id, const SaNameT *object,
			     const SaImmAttrModificationT_2 **changes)
{
	(void)handle, (void)id, (void)object, (void)changes;
	return verdict;
}
static SaAisErrorT on_completed(SaImmOiHandleT handle, SaImmOiCcbIdT id)
{
	(void)handle, (void)id;
	return verdict;
}
static SaAisErrorT on_update(SaImmOiHandleT handle, const SaNameT *object, const SaImmAttrNameT *names)
{
	(void)handle, (void)object, (void)names;
	return SA_AIS_ERR_NO_RESOURCES;
}
static void on_operation(SaImmOiHandleT handle, SaInvocationT invocation, const SaNameT *object, SaImmAdminOperationIdT id,
			 const SaImmAdminOperationParamsT_2 **params)
{
	(void)object, (void)id;
	/* Of an older version: results have no parameters. */
	IS(saImmOiAdminOperationResult_o2(handle, invocation, SA_AIS_OK, params), SA_AIS_ERR_VERSION);
	OK(saImmOiAdminOperationResult(handle, invocation, SA_AIS_OK));
}
static const SaImmOiCallbacksT_2 callbacks = {.saImmOiCcbObjectModifyCallback = on_change,
					      .saImmOiCcbCompletedCallback = on_completed,
					      .saImmOiRtAttrUpdateCallback = on_update,
					      .saImmOiAdminOperationCallback = on_operation};

static void *dispatcher(void *handle)
{
	OK(saImmOiDispatch(*(SaImmOiHandleT *)handle, SA_DISPATCH_BLOCKING));
	return NULL;
}

static SaAisErrorT refer(SaImmCcbHandleT ccb, const char *object, const char *target)
{
	SaNameT dn = name(object), to = name(target);
	SaImmAttrValueT values[] = {&to};
	SaImmAttrModificationT_2 change = {SA_IMM_ATTR_VALUES_REPLACE, {(char *)"link", SA_IMM_ATTR_SANAMET, 1, values}};
	const SaImmAttrModificationT_2 *changes[] = {&change, NULL};
	return saImmOmCcbObjectModify_2(ccb, &dn, changes);
}

static SaAisErrorT set_setting(const char *attribute, SaImmValueTypeT type, void *value)
{
	SaImmAdminOwnerHandleT service = owner_handle(om, "safImmService");
	SaImmCcbHandleT settings = ccb_handle(service);
	SaNameT dn = name(SERVICE);
	SaImmAttrValueT values[] = {value};
	SaImmAttrModificationT_2 change = {SA_IMM_ATTR_VALUES_REPLACE, {(char *)attribute, type, 1, values}};
	const SaImmAttrModificationT_2 *changes[] = {&change, NULL};
	SaAisErrorT rc = saImmOmCcbObjectModify_2(settings, &dn, changes);
	if (rc == SA_AIS_OK)
		rc = saImmOmCcbApply(settings);
	OK(saImmOmAdminOwnerFinalize(service));
	return rc;
}

static SaAisErrorT set_service(const char *attribute, SaUint32T value)
{
	return set_setting(attribute, SA_IMM_ATTR_SAUINT32T, &value);
}

/* Another owner's objects, and objects of another's open CCB. */
static void owners(void)
{
	IS(set_weight(other, "item=1," ROOT, 2), SA_AIS_ERR_BAD_OPERATION);
	IS(remove_item(other, "item=1," ROOT), SA_AIS_ERR_BAD_OPERATION);
	OK(set_weight(ccb, "item=1," ROOT, 2));
	SaImmCcbHandleT second = ccb_handle(owner);
	IS(remove_item(second, "item=1," ROOT), SA_AIS_ERR_BUSY);
	OK(saImmOmCcbFinalize(second));
	IS(saImmOmAdminOwnerRelease(owner, firsts, SA_IMM_ONE), SA_AIS_ERR_BUSY);
	IS(saImmOmAdminOwnerRelease_o3(owner, (SaConstStringT[]){"item=1," ROOT, NULL}, SA_IMM_ONE), SA_AIS_ERR_BUSY);
	IS(saImmOmAdminOwnerClear(om, firsts, SA_IMM_ONE), SA_AIS_ERR_BUSY);
	IS(saImmOmAdminOwnerClear_o3(om, (SaConstStringT[]){"item=1," ROOT, NULL}, SA_IMM_ONE), SA_AIS_ERR_BUSY);
	OK(saImmOmCcbAbort(ccb));
	/* A reference to what another CCB is about to make. */
	OK(add_item(ccb, "item=new", ROOT, 1));
	second = ccb_handle(owner);
	IS(refer(second, "item=1," ROOT, "item=new," ROOT), SA_AIS_ERR_BUSY);
	SaNameT target = name("item=new," ROOT);
	SaStringT rdn = (char *)"item=referrer";
	SaImmAttrValueT rdns[] = {&rdn}, targets[] = {&target};
	SaImmAttrValuesT_2 by_name = {(char *)"item", SA_IMM_ATTR_SASTRINGT, 1, rdns};
	SaImmAttrValuesT_2 link = {(char *)"link", SA_IMM_ATTR_SANAMET, 1, targets};
	const SaImmAttrValuesT_2 *attributes[] = {&by_name, &link, NULL};
	IS(saImmOmCcbObjectCreate_2(second, (char *)CONFIG_CLASS, &root, attributes), SA_AIS_ERR_BUSY);
	OK(saImmOmCcbFinalize(second));
	OK(saImmOmCcbAbort(ccb));
	/* An object without an owner in a CCB that has begun: somebody else may not take it. */
	OK(set_weight(ccb, ROOT, 8));
	IS(saImmOmAdminOwnerSet(stranger, roots, SA_IMM_SUBTREE), SA_AIS_ERR_EXIST);
	OK(saImmOmCcbAbort(ccb));
	/* One without an owner that is in a CCB: the handle through which its owner got it is gone, another has the CCB. */
	SaImmAdminOwnerHandleT leaves = owner_handle(om, "shared"), stays = owner_handle(om, "shared");
	OK(saImmOmAdminOwnerRelease(owner, firsts, SA_IMM_ONE));
	OK(saImmOmAdminOwnerSet(leaves, firsts, SA_IMM_ONE));
	OK(set_weight(ccb_handle(stays), "item=1," ROOT, 3));
	OK(saImmOmAdminOwnerFinalize(leaves));
	IS(saImmOmAdminOwnerSet(owner, firsts, SA_IMM_ONE), SA_AIS_ERR_BUSY);
	IS(saImmOmAdminOwnerSet_o3(owner, (SaConstStringT[]){"item=1," ROOT, NULL}, SA_IMM_ONE), SA_AIS_ERR_BUSY);
	OK(saImmOmAdminOwnerFinalize(stays));
	OK(saImmOmAdminOwnerSet(owner, firsts, SA_IMM_ONE));
}

static void implementers(void)
{
	SaImmOiHandleT second;
	SaVersionT wanted = version(18);
	SaNameT event = name("event=1," ROOT);
	SaUint32T number = 1;
	SaImmAttrValueT numbers[] = {&number};
	SaImmAttrValuesT_2 count = {(char *)"count", SA_IMM_ATTR_SAUINT32T, 1, numbers};
	const SaImmAttrValuesT_2 *counts[] = {&count, NULL};
	OK(saImmOiRtObjectCreate_o3(oi, (char *)RUNTIME_CLASS, "event=1," ROOT, counts));
	IS(saImmOiObjectImplementerSet(oi, &event, SA_IMM_ONE), SA_AIS_ERR_BAD_OPERATION);
	IS(saImmOiObjectImplementerRelease(oi, &event, SA_IMM_ONE), SA_AIS_ERR_BAD_OPERATION);
	OK(saImmOiRtObjectDelete(oi, &event));
	/* An applier has to have the callbacks for what it applies. */
	SaImmOiCallbacksT_2 poor = {.saImmOiCcbApplyCallback = (SaImmOiCcbApplyCallbackT)1,
				    .saImmOiCcbAbortCallback = (SaImmOiCcbAbortCallbackT)1,
				    .saImmOiCcbObjectModifyCallback = on_change,
				    .saImmOiCcbObjectDeleteCallback = (SaImmOiCcbObjectDeleteCallbackT)1};
	OK(saImmOiInitialize_2(&second, &poor, &wanted));
	OK(saImmOiImplementerSet(second, (char *)"@poor"));
	IS(saImmOiClassImplementerSet(second, (char *)CONFIG_CLASS), SA_AIS_ERR_INIT);
	OK(saImmOiFinalize(second));
	/* Bindings do not change under an open CCB. */
	OK(saImmOiObjectImplementerSet(oi, &root, SA_IMM_ONE));
	OK(set_weight(ccb, ROOT, 8));
	IS(saImmOiObjectImplementerRelease(oi, &root, SA_IMM_ONE), SA_AIS_ERR_BUSY);
	IS(saImmOiObjectImplementerRelease_o3(oi, ROOT, SA_IMM_ONE), SA_AIS_ERR_BUSY);
	OK(saImmOmCcbAbort(ccb));
	OK(saImmOiObjectImplementerRelease(oi, &root, SA_IMM_ONE));
	OK(set_weight(ccb, ROOT, 8));
	IS(saImmOiObjectImplementerSet(oi, &root, SA_IMM_ONE), SA_AIS_ERR_TRY_AGAIN);
	OK(saImmOmCcbAbort(ccb));
	/* Nor does a name get its objects back. */
	OK(saImmOiObjectImplementerSet(oi, &root, SA_IMM_ONE));
	OK(saImmOiImplementerClear(oi));
	OK(set_weight(ccb, ROOT, 8));
	IS(saImmOiImplementerSet(oi, (char *)"impl"), SA_AIS_ERR_TRY_AGAIN);
	OK(saImmOmCcbAbort(ccb));
	OK(saImmOiImplementerSet(oi, (char *)"impl"));
	OK(saImmOiObjectImplementerRelease(oi, &root, SA_IMM_ONE));
	OK(saImmOiClassImplementerSet(oi, (char *)CONFIG_CLASS));
	OK(set_weight(ccb, ROOT, 8));
	IS(saImmOiClassImplementerRelease(oi, (char *)CONFIG_CLASS), SA_AIS_ERR_BUSY);
	OK(saImmOmCcbAbort(ccb));
}

/* What a CCB that its implementer has aborted answers, until it is aborted here too. */
static void aborted(void)
{
	SaImmAttrValuesT_2 **attributes;
	verdict = SA_AIS_ERR_BAD_OPERATION;
	IS(set_weight(ccb, ROOT, 9), SA_AIS_ERR_FAILED_OPERATION);
	verdict = SA_AIS_OK;
	IS(set_weight(ccb, ROOT, 9), SA_AIS_ERR_FAILED_OPERATION);
	IS(add_item(ccb, "item=2", ROOT, 1), SA_AIS_ERR_FAILED_OPERATION);
	IS(remove_item(ccb, "item=1," ROOT), SA_AIS_ERR_FAILED_OPERATION);
	IS(saImmOmCcbObjectRead(ccb, ROOT, NULL, &attributes), SA_AIS_ERR_FAILED_OPERATION);
	IS(saImmOmCcbValidate(ccb), SA_AIS_ERR_FAILED_OPERATION);
	IS(saImmOmCcbApply(ccb), SA_AIS_ERR_FAILED_OPERATION);
	OK(saImmOmCcbAbort(ccb));
	OK(set_weight(ccb, ROOT, 9));
	verdict = SA_AIS_ERR_BAD_OPERATION;
	IS(saImmOmCcbValidate(ccb), SA_AIS_ERR_FAILED_OPERATION);
	verdict = SA_AIS_OK;
	OK(saImmOmCcbAbort(ccb));
	/* Once it is validated, nothing is read through it any more. */
	OK(set_weight(ccb, ROOT, 9));
	SaConstStringT weight[] = {"weight", NULL};
	OK(saImmOmCcbObjectRead(ccb, ROOT, (SaImmAttrNameT *)weight, &attributes));
	OK(saImmOmCcbValidate(ccb));
	IS(saImmOmCcbObjectRead(ccb, ROOT, (SaImmAttrNameT *)weight, &attributes), SA_AIS_ERR_BAD_OPERATION);
	OK(saImmOmCcbAbort(ccb));
	/* Values that the implementer cannot give just now. */
	SaImmSearchHandleT search;
	SaImmAttrNameT live[] = {(char *)"live", NULL};
	SaNameT found;
	OK(saImmOmSearchInitialize_2(om, &first, SA_IMM_SUBTREE, SA_IMM_SEARCH_ONE_ATTR | SA_IMM_SEARCH_GET_SOME_ATTR, NULL,
				     live, &search));
	IS(saImmOmSearchNext_2(search, &found, &attributes), SA_AIS_ERR_NO_RESOURCES);
	OK(saImmOmSearchFinalize(search));
}

/* Results with parameters are newer than this handle. */
static void old_results(void)
{
	SaImmOiHandleT old;
	SaVersionT wanted = version(1);
	pthread_t thread;
	SaAisErrorT returned;
	const SaImmAdminOperationParamsT_2 *none[] = {NULL};
	OK(saImmOiInitialize_2(&old, &callbacks, &wanted));
	OK(saImmOiClassImplementerRelease(oi, (char *)CONFIG_CLASS));
	OK(saImmOiImplementerSet(old, (char *)"old"));
	OK(saImmOiObjectImplementerSet(old, &first, SA_IMM_ONE));
	HOLDS(pthread_create(&thread, NULL, dispatcher, &old) == 0);
	OK(saImmOmAdminOperationInvoke_2(owner, &first, 0, 1, none, &returned, 20 * SA_TIME_ONE_SECOND));
	HOLDS(returned == SA_AIS_OK);
	OK(saImmOiObjectImplementerRelease(old, &first, SA_IMM_ONE));
	OK(saImmOiFinalize(old));
	pthread_join(thread, NULL);
}

/* Lists and texts that have no end where one may be looked for. */
static void endless(void)
{
	const size_t count = (1 << 20) + 1, length = (16 << 20) + 2;
	const void **list = malloc(count * sizeof(*list));
	char *text = malloc(length);
	SaUint32T number = 1;
	SaImmAttrValueT numbers[] = {&number};
	SaImmAttrValuesT_2 weight = {(char *)"weight", SA_IMM_ATTR_SAUINT32T, 1, numbers};
	SaImmAttrModificationT_2 change = {SA_IMM_ATTR_VALUES_REPLACE, weight};
	SaImmAttrDefinitionT_2 rdn = {(char *)"rdn", SA_IMM_ATTR_SASTRINGT, SA_IMM_ATTR_CONFIG | SA_IMM_ATTR_RDN, NULL};
	SaImmAdminOperationParamsT_2 parameter = {(char *)"p", SA_IMM_ATTR_SAUINT32T, &number};
	SaImmAttrValuesT_2 **attributes;
	SaImmAccessorHandleT accessor;
	SaImmSearchHandleT search;
	SaAisErrorT returned;
	HOLDS(list && text);
	memset(text, 'x', length);
	OK(saImmOmAccessorInitialize(om, &accessor));
#define FILL(with)                                   \
	for (size_t at = 0; at < count; at++)        \
	list[at] = (with)
#define REFUSED(call) IS(call, SA_AIS_ERR_INVALID_PARAM)
	FILL("weight");
	REFUSED(saImmOmAccessorGet_2(accessor, &root, (SaImmAttrNameT *)list, &attributes));
	REFUSED(saImmOmSearchInitialize_2(om, &root, SA_IMM_SUBTREE, SA_IMM_SEARCH_ONE_ATTR | SA_IMM_SEARCH_GET_SOME_ATTR,
					  NULL, (SaImmAttrNameT *)list, &search));
	FILL(&root);
	REFUSED(saImmOmAdminOwnerSet(owner, (const SaNameT **)list, SA_IMM_ONE));
	FILL(&weight);
	REFUSED(saImmOmCcbObjectCreate_2(ccb, (char *)CONFIG_CLASS, &root, (const SaImmAttrValuesT_2 **)list));
	FILL(&change);
	REFUSED(saImmOmCcbObjectModify_2(ccb, &root, (const SaImmAttrModificationT_2 **)list));
	FILL(&rdn);
	REFUSED(saImmOmClassCreate_2(om, (char *)"CapiEndless", SA_IMM_CLASS_CONFIG, (const SaImmAttrDefinitionT_2 **)list));
	FILL(&parameter);
	REFUSED(saImmOmAdminOperationInvoke_2(owner, &root, 0, 1, (const SaImmAdminOperationParamsT_2 **)list, &returned,
					      SA_TIME_ONE_SECOND));
	REFUSED(saImmOmClassDelete(om, text));
	REFUSED(saImmOmAccessorGet_o3(accessor, text, NULL, &attributes));
	REFUSED(saImmOiImplementerSet(oi, text));
	OK(saImmOmAccessorFinalize(accessor));
	free(list);
	free(text);
}

/* Names of 256 bytes and more: made by a program that knows them, and met by one that does not. */
static void make_long_names(void)
{
	char text[400] = ROOT, below[400], too_long[2200];
	SaImmCcbHandleT making = ccb_handle(owner);
	for (;;) {
		snprintf(below, sizeof(below), "item=%050d,%.300s", 1, text);
		strcpy(text, below);
		if (strlen(text) > 255)
			break;
		OK(saImmOmCcbObjectCreate_o3(making, (char *)CONFIG_CLASS, text, NULL));
	}
	IS(saImmOmCcbObjectCreate_o3(making, (char *)CONFIG_CLASS, text, NULL), SA_AIS_ERR_NAME_TOO_LONG);
	OK(saImmOmCcbApply(making));
	OK(set_service("longDnsAllowed", 1));
	OK(saImmOmCcbObjectCreate_o3(making, (char *)CONFIG_CLASS, text, NULL));
	OK(refer(making, ROOT, ROOT));
	OK(saImmOmCcbApply(making));
	/* And there is an end to them. */
	SaImmSearchHandleT search;
	SaImmAccessorHandleT accessor;
	SaImmAttrValuesT_2 **attributes;
	memset(too_long, 'l', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = 0;
	memcpy(too_long, "item=", 5);
	OK(saImmOmAccessorInitialize(om, &accessor));
	IS(saImmOmAccessorGet_o3(accessor, too_long, NULL, &attributes), SA_AIS_ERR_NAME_TOO_LONG);
	IS(saImmOmSearchInitialize_o3(om, too_long, SA_IMM_SUBTREE, SA_IMM_SEARCH_GET_NO_ATTR, NULL, NULL, &search),
	   SA_AIS_ERR_NAME_TOO_LONG);
	SaUint32T number = 1;
	SaImmAttrValueT numbers[] = {&number};
	SaImmAttrValuesT_2 count = {(char *)"count", SA_IMM_ATTR_SAUINT32T, 1, numbers};
	const SaImmAttrValuesT_2 *counts[] = {&count, NULL};
	SaVersionT wanted = version(18);
	OK(saImmOiInitialize_2(&oi, NULL, &wanted));
	OK(saImmOiImplementerSet(oi, (char *)"impl"));
	IS(saImmOiRtObjectCreate_o3(oi, (char *)RUNTIME_CLASS, too_long, counts), SA_AIS_ERR_NAME_TOO_LONG);
	OK(saImmOiFinalize(oi));
	/* A value with a long name. */
	SaImmAttrModificationT_2 change;
	SaNameT name;
	const char *pointer = text;
	memset(&name, 0, sizeof(name));
	name.length = 0xcd2b;
	memcpy((char *)&name + 8, &pointer, sizeof(pointer));
	SaImmAttrValueT values[] = {&name};
	change = (SaImmAttrModificationT_2){SA_IMM_ATTR_VALUES_REPLACE, {(char *)"link", SA_IMM_ATTR_SANAMET, 1, values}};
	const SaImmAttrModificationT_2 *changes[] = {&change, NULL};
	OK(saImmOmCcbObjectModify_o3(making, ROOT, changes));
	OK(saImmOmCcbApply(making));
	OK(saImmOmFinalize(om));
}

static void meet_long_names(void)
{
	SaImmSearchHandleT search;
	SaImmAccessorHandleT accessor;
	SaImmAttrValuesT_2 **attributes;
	SaImmAttrNameT links[] = {(char *)"link", NULL};
	SaNameT found;
	SaAisErrorT rc;
	OK(saImmOmSearchInitialize_2(om, &root, SA_IMM_SUBTREE, SA_IMM_SEARCH_GET_NO_ATTR, NULL, NULL, &search));
	do
		rc = saImmOmSearchNext_2(search, &found, &attributes);
	while (rc == SA_AIS_OK);
	IS(rc, SA_AIS_ERR_NAME_TOO_LONG);
	OK(saImmOmAccessorInitialize(om, &accessor));
	IS(saImmOmAccessorGet_2(accessor, &root, links, &attributes), SA_AIS_ERR_NAME_TOO_LONG);
	OK(saImmOmFinalize(om));
}

/* One more than there may be; what was made goes with the handle. */
static void limits(int all)
{
	SaImmHandleT many = om_handle(18);
	SaImmAdminOwnerHandleT one, more;
	SaImmCcbHandleT made;
	SaAisErrorT rc = SA_AIS_OK;
	int count;
	for (count = 0; count <= 2000 && rc == SA_AIS_OK; count++)
		rc = saImmOmAdminOwnerInitialize(many, (char *)"many", SA_FALSE, count ? &more : &one);
	IS(rc, SA_AIS_ERR_NO_RESOURCES);
	rc = SA_AIS_OK;
	for (count = 0; all && count <= 10000 && rc == SA_AIS_OK; count++)
		rc = saImmOmCcbInitialize(one, 0, &made);
	HOLDS(!all || rc == SA_AIS_ERR_NO_RESOURCES);
	OK(saImmOmFinalize(many));
	SaImmAttrDefinitionT_2 rdn = {(char *)"rdn", SA_IMM_ATTR_SASTRINGT, SA_IMM_ATTR_CONFIG | SA_IMM_ATTR_RDN, NULL};
	const SaImmAttrDefinitionT_2 *definitions[] = {&rdn, NULL};
	rc = SA_AIS_OK;
	for (count = 0; count <= 1000 && rc == SA_AIS_OK; count++) {
		char class_name[32];
		snprintf(class_name, sizeof(class_name), "Many%d", count);
		rc = saImmOmClassCreate_2(om, class_name, SA_IMM_CLASS_CONFIG, definitions);
	}
	IS(rc, SA_AIS_ERR_NO_RESOURCES);
	SaImmOiHandleT handle;
	rc = SA_AIS_OK;
	for (count = 0; all && count <= 3000 && rc == SA_AIS_OK; count++) {
		char implementer[32];
		SaVersionT wanted = version(18);
		snprintf(implementer, sizeof(implementer), "many%d", count);
		OK(saImmOiInitialize_2(&handle, NULL, &wanted));
		rc = saImmOiImplementerSet(handle, implementer);
		/* The name stays known. */
		OK(saImmOiFinalize(handle));
	}
	HOLDS(!all || rc == SA_AIS_ERR_NO_RESOURCES);
}

/* Somebody who may use the service, and may not take from others what they own. */
static void member(void)
{
	struct group *group = getgrgid(65534);
	const char *dir = getenv("PERDURE_DIR");
	if (!group) {
		printf("skipped: there is no group 65534\n");
		return;
	}
	SaStringT authorized = group->gr_name;
	HOLDS(dir && chmod(dir, 0711) == 0);
	OK(set_setting("authorizedGroup", SA_IMM_ATTR_SASTRINGT, &authorized));
	pid_t child = fork();
	HOLDS(child >= 0);
	if (child == 0) {
		SaImmHandleT handle;
		SaVersionT wanted;
		SaAisErrorT rc;
		int tries = 0;
		HOLDS(setgid(65534) == 0 && setuid(65534) == 0);
		/* The socket is opened for the group soon after. */
		do {
			wanted = version(18);
			rc = saImmOmInitialize(&handle, NULL, &wanted);
		} while (rc == SA_AIS_ERR_ACCESS_DENIED && tries++ < 600 && poll(NULL, 0, 50) == 0);
		OK(rc);
		IS(saImmOmAdminOwnerClear(handle, firsts, SA_IMM_ONE), SA_AIS_ERR_ACCESS_DENIED);
		IS(saImmOmAdminOwnerClear_o3(handle, (SaConstStringT[]){"item=1," ROOT, NULL}, SA_IMM_ONE),
		   SA_AIS_ERR_ACCESS_DENIED);
		OK(saImmOmFinalize(handle));
		_exit(0);
	}
	int status = -1;
	HOLDS(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	OK(saImmOmAdminOwnerClear(om, firsts, SA_IMM_ONE));
}

/* Somebody who may not use the service. */
static void rights(void)
{
	if (geteuid() != 0) {
		printf("skipped: only root can become somebody else\n");
		return;
	}
	OK(set_service("accessControlMode", 2));
	pid_t child = fork();
	HOLDS(child >= 0);
	if (child == 0) {
		SaImmHandleT handle;
		SaVersionT wanted = version(18);
		HOLDS(setgid(65534) == 0 && setuid(65534) == 0);
		IS(saImmOmInitialize(&handle, NULL, &wanted), SA_AIS_ERR_ACCESS_DENIED);
		wanted = version(18);
		IS(saImmOiInitialize_2(&handle, NULL, &wanted), SA_AIS_ERR_ACCESS_DENIED);
		_exit(0);
	}
	int status = -1;
	HOLDS(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	member();
	OK(set_service("accessControlMode", 0));
}

int main(int argc, char **argv)
{
	pthread_t thread;
	SaVersionT wanted = version(18);
	root = name(ROOT), first = name("item=1," ROOT);
	om = om_handle(18);
	if (argc > 1 && !strcmp(argv[1], "meet")) {
		meet_long_names();
		return 0;
	}
	create_classes(om);
	owner = owner_handle(om, "checker"), stranger = owner_handle(om, "stranger");
	ccb = ccb_handle(owner), other = ccb_handle(stranger);
	OK(add_item(ccb, ROOT, NULL, 7));
	OK(add_item(ccb, "item=1", ROOT, 1));
	OK(saImmOmCcbApply(ccb));
	if (argc > 1 && !strcmp(argv[1], "limits")) {
		limits(argc > 2);
		OK(saImmOmFinalize(om));
		return 0;
	}
	if (argc > 1) {
		make_long_names();
		return 0;
	}
	OK(saImmOiInitialize_2(&oi, &callbacks, &wanted));
	OK(saImmOiImplementerSet(oi, (char *)"impl"));
	HOLDS(pthread_create(&thread, NULL, dispatcher, &oi) == 0);
	endless();
	owners();
	implementers();
	aborted();
	old_results();
	rights();
	OK(saImmOiFinalize(oi));
	pthread_join(thread, NULL);
	OK(saImmOmFinalize(om));
	return 0;
}
