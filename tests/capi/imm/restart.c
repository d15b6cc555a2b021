/* One step for each line read: the daemon is stopped and started between them. */
#include <poll.h>
#include "check.h"

static void await(const char *wanted)
{
	char line[40];
	HOLDS(fgets(line, sizeof(line), stdin) && !strncmp(line, wanted, strlen(wanted)));
}

static void done(void)
{
	puts("done");
	fflush(stdout);
}

static SaImmAdminOwnerHandleT keeping(SaImmHandleT om, const char *name)
{
	SaImmAdminOwnerHandleT owner;
	OK(saImmOmAdminOwnerInitialize(om, (char *)name, SA_FALSE, &owner));
	return owner;
}

/* Asks until the service is there again. */
#define SOON(call, wanted)                                                  \
	do {                                                                \
		SaAisErrorT rc_ = SA_AIS_ERR_TRY_AGAIN;                     \
		for (int at_ = 0; at_ < 20000 && rc_ == SA_AIS_ERR_TRY_AGAIN; at_++) { \
			rc_ = (call);                                       \
			if (rc_ == SA_AIS_ERR_TRY_AGAIN)                    \
				poll(NULL, 0, 1);                           \
		}                                                           \
		IS(rc_, wanted);                                            \
	} while (0)

static int modifies;
static SaAisErrorT on_modify(SaImmOiHandleT handle, SaImmOiCcbIdT ccb, const SaNameT *object,
			     const SaImmAttrModificationT_2 **changes)
{
	(void)handle, (void)ccb, (void)object, (void)changes;
	modifies++;
	return SA_AIS_OK;
}
static SaAisErrorT on_completed(SaImmOiHandleT handle, SaImmOiCcbIdT ccb)
{
	(void)handle, (void)ccb;
	return SA_AIS_OK;
}

/* Every function that has to ask the service says "not now", and leaves its handle as it is. */
static void everything_waits(SaImmHandleT om, SaImmAdminOwnerHandleT owner, SaImmCcbHandleT ccb, SaImmOiHandleT oi)
{
#define WAITS(call) IS(call, SA_AIS_ERR_TRY_AGAIN)
	SaNameT root = name(ROOT);
	const SaNameT *roots[] = {&root, NULL};
	SaConstStringT texts[] = {ROOT, NULL};
	SaImmAttrDefinitionT_2 rdn = {(char *)"rdn", SA_IMM_ATTR_SASTRINGT, SA_IMM_ATTR_CONFIG | SA_IMM_ATTR_RDN, NULL};
	const SaImmAttrDefinitionT_2 *definitions[] = {&rdn, NULL};
	SaImmAttrDefinitionT_2 **described;
	SaImmClassCategoryT category;
	SaImmSearchHandleT search;
	SaImmAdminOwnerHandleT another;
	SaUint32T number = 1;
	SaImmAttrValueT numbers[] = {&number};
	SaImmAttrValuesT_2 count = {(char *)"count", SA_IMM_ATTR_SAUINT32T, 1, numbers};
	const SaImmAttrValuesT_2 *counts[] = {&count, NULL};
	SaImmAttrModificationT_2 change = {SA_IMM_ATTR_VALUES_REPLACE, count};
	const SaImmAttrModificationT_2 *changes[] = {&change, NULL};
	const SaImmAdminOperationParamsT_2 *none[] = {NULL};
	SaAisErrorT returned;
	WAITS(saImmOmClassCreate_2(om, (char *)"CapiLate", SA_IMM_CLASS_CONFIG, definitions));
	WAITS(saImmOmClassDescriptionGet_2(om, (char *)CONFIG_CLASS, &category, &described));
	WAITS(saImmOmClassDelete(om, (char *)CONFIG_CLASS));
	WAITS(saImmOmSearchInitialize_2(om, NULL, SA_IMM_SUBTREE, SA_IMM_SEARCH_GET_NO_ATTR, NULL, NULL, &search));
	WAITS(saImmOmSearchInitialize_o3(om, NULL, SA_IMM_SUBTREE, SA_IMM_SEARCH_GET_NO_ATTR, NULL, NULL, &search));
	WAITS(saImmOmAdminOwnerInitialize(om, (char *)"late", SA_FALSE, &another));
	WAITS(saImmOmAdminOwnerSet(owner, roots, SA_IMM_ONE));
	WAITS(saImmOmAdminOwnerSet_o3(owner, texts, SA_IMM_ONE));
	WAITS(saImmOmAdminOwnerRelease(owner, roots, SA_IMM_ONE));
	WAITS(saImmOmAdminOwnerRelease_o3(owner, texts, SA_IMM_ONE));
	WAITS(saImmOmAdminOwnerClear(om, roots, SA_IMM_ONE));
	WAITS(saImmOmAdminOwnerClear_o3(om, texts, SA_IMM_ONE));
	WAITS(add_item(ccb, "item=9", ROOT, 1));
	WAITS(saImmOmCcbObjectCreate_o3(ccb, (char *)CONFIG_CLASS, "item=9," ROOT, NULL));
	WAITS(remove_item(ccb, ROOT));
	WAITS(saImmOmCcbObjectDelete_o3(ccb, ROOT));
	WAITS(saImmOmCcbObjectModify_o3(ccb, ROOT, changes));
	WAITS(saImmOmCcbValidate(ccb));
	WAITS(saImmOmAdminOperationInvoke_2(owner, &root, 0, 1, none, &returned, SA_TIME_ONE_SECOND));
	WAITS(saImmOiClassImplementerSet(oi, (char *)CONFIG_CLASS));
	WAITS(saImmOiClassImplementerRelease(oi, (char *)CONFIG_CLASS));
	WAITS(saImmOiObjectImplementerSet(oi, &root, SA_IMM_ONE));
	WAITS(saImmOiObjectImplementerSet_o3(oi, ROOT, SA_IMM_ONE));
	WAITS(saImmOiObjectImplementerRelease(oi, &root, SA_IMM_ONE));
	WAITS(saImmOiObjectImplementerRelease_o3(oi, ROOT, SA_IMM_ONE));
	WAITS(saImmOiRtObjectCreate_o3(oi, (char *)RUNTIME_CLASS, "event=9", counts));
	WAITS(saImmOiRtObjectUpdate_2(oi, &root, changes));
	WAITS(saImmOiRtObjectUpdate_o3(oi, ROOT, changes));
	WAITS(saImmOiRtObjectDelete(oi, &root));
	WAITS(saImmOiRtObjectDelete_o3(oi, ROOT));
}

int main(void)
{
	SaImmAttrValuesT_2 **attributes;
	SaImmAttrNameT weight[] = {(char *)"weight", NULL};
	SaNameT root = name(ROOT), found;
	SaImmHandleT fresh;
	SaVersionT wanted = version(18);
	await("begin");
	SaImmHandleT om = om_handle(18), dirty = om_handle(18), passing = om_handle(18), searching = om_handle(18);
	create_classes(om);
	SaImmAdminOwnerHandleT owner = keeping(om, "keeper");
	SaImmCcbHandleT ccb = ccb_handle(owner);
	OK(add_item(ccb, ROOT, NULL, 1));
	OK(saImmOmCcbApply(ccb));
	SaImmAccessorHandleT accessor, dirty_accessor;
	OK(saImmOmAccessorInitialize(om, &accessor));
	OK(saImmOmAccessorInitialize(dirty, &dirty_accessor));
	OK(saImmOmAccessorGet_2(accessor, &root, weight, &attributes));
	/* Handles that cannot go on: operations not applied, an owner that goes with its handle, a search. */
	SaImmAdminOwnerHandleT dirty_owner = keeping(dirty, "keeper");
	SaImmCcbHandleT dirty_ccb = ccb_handle(dirty_owner);
	OK(add_item(dirty_ccb, "item=2", ROOT, 1));
	SaImmAdminOwnerHandleT passing_owner = owner_handle(passing, "passing");
	SaImmSearchHandleT search;
	OK(saImmOmSearchInitialize_2(searching, NULL, SA_IMM_SUBTREE, SA_IMM_SEARCH_GET_NO_ATTR, NULL, NULL, &search));
	/* An implementer. */
	SaImmOiCallbacksT_2 callbacks = {.saImmOiCcbObjectModifyCallback = on_modify,
					 .saImmOiCcbCompletedCallback = on_completed};
	SaImmOiHandleT oi;
	SaSelectionObjectT selection;
	OK(saImmOiInitialize_2(&oi, &callbacks, &wanted));
	OK(saImmOiSelectionObjectGet(oi, &selection));
	OK(saImmOiImplementerSet(oi, (char *)"implementer"));
	done();

	await("down");
	wanted = version(18);
	IS(saImmOmInitialize(&fresh, NULL, &wanted), SA_AIS_ERR_TRY_AGAIN);
	wanted = version(18);
	IS(saImmOiInitialize_2(&fresh, NULL, &wanted), SA_AIS_ERR_TRY_AGAIN);
	IS(saImmOmAccessorGet_2(accessor, &root, weight, &attributes), SA_AIS_ERR_TRY_AGAIN);
	IS(set_weight(ccb, ROOT, 2), SA_AIS_ERR_TRY_AGAIN);
	SaImmCcbHandleT more;
	IS(saImmOmCcbInitialize(owner, 0, &more), SA_AIS_ERR_TRY_AGAIN);
	everything_waits(om, owner, ccb, oi);
	OK(saImmOiDispatch(oi, SA_DISPATCH_ALL));
	IS(saImmOmCcbInitialize(passing_owner, 0, &more), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmSearchNext_2(search, &found, &attributes), SA_AIS_ERR_BAD_HANDLE);
	done();

	await("again");
	SOON(saImmOmAccessorGet_2(accessor, &root, weight, &attributes), SA_AIS_OK);
	OK(set_weight(ccb, ROOT, 2));
	OK(saImmOmCcbAbort(ccb));
	SOON(saImmOmCcbApply(dirty_ccb), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmAccessorGet_2(dirty_accessor, &root, weight, &attributes), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmCcbInitialize(passing_owner, 0, &more), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmDispatch(passing, SA_DISPATCH_ALL), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOmSearchNext_2(search, &found, &attributes), SA_AIS_ERR_BAD_HANDLE);
	/* A stale handle is finalised without complaint. */
	OK(saImmOmFinalize(passing));
	OK(saImmOmFinalize(searching));
	OK(saImmOmFinalize(dirty));
	/* The implementer has its name again. */
	SOON(saImmOiClassImplementerSet(oi, (char *)CONFIG_CLASS), SA_AIS_OK);
	OK(saImmOiDispatch(oi, SA_DISPATCH_ALL));
	done();

	/* The daemon was killed and started again without a pause. */
	await("stale");
	SOON(saImmOmAccessorGet_2(accessor, &root, weight, &attributes), SA_AIS_OK);
	SOON(saImmOiClassImplementerSet(oi, (char *)CONFIG_CLASS), SA_AIS_OK);
	OK(saImmOiFinalize(oi));
	OK(saImmOmFinalize(om));
	done();
	return 0;
}
