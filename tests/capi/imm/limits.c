/* IMMA_MAX_OPEN_SEARCHES_PER_HANDLE=3, IMMA_SYNCR_TIMEOUT=20 (200 ms); with any argument the implementer's limit is the shorter:
 * IMMA_OI_CALLBACK_TIMEOUT=8, IMMA_SYNCR_TIMEOUT=6000. */
#include <poll.h>
#include <pthread.h>
#include <time.h>
#include "check.h"

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static SaAisErrorT on_modify(SaImmOiHandleT handle, SaImmOiCcbIdT ccb, const SaNameT *object,
			     const SaImmAttrModificationT_2 **changes)
{
	(void)handle, (void)ccb, (void)object, (void)changes;
	return SA_AIS_OK;
}

static volatile int holds_back, ended;

/* Says yes, sometimes late. */
static SaAisErrorT on_completed(SaImmOiHandleT handle, SaImmOiCcbIdT ccb)
{
	(void)handle, (void)ccb;
	while (holds_back)
		poll(NULL, 0, 1);
	return SA_AIS_OK;
}

static void *dispatcher(void *handle)
{
	while (!ended) {
		OK(saImmOiDispatch(*(SaImmOiHandleT *)handle, SA_DISPATCH_ALL));
		poll(NULL, 0, 1);
	}
	return NULL;
}

static SaUint32T weight_of(SaImmAccessorHandleT accessor)
{
	SaNameT root = name(ROOT);
	SaImmAttrNameT weight[] = {(char *)"weight", NULL};
	SaImmAttrValuesT_2 **attributes;
	OK(saImmOmAccessorGet_2(accessor, &root, weight, &attributes));
	return *(SaUint32T *)attributes[0]->attrValues[0];
}

/* An implementer that answers late holds up the end of a CCB, which comes when it has answered. */
static void late(SaImmCcbHandleT ccb, SaImmOiHandleT oi, SaImmAccessorHandleT accessor)
{
	pthread_t thread;
	HOLDS(pthread_create(&thread, NULL, dispatcher, &oi) == 0);
	OK(set_weight(ccb, ROOT, 3));
	holds_back = 1;
	double begin = now();
	IS(saImmOmCcbValidate(ccb), SA_AIS_ERR_TIMEOUT);
	HOLDS(now() - begin >= 0.2 && now() - begin < 5);
	holds_back = 0;
	begin = now();
	SaAisErrorT rc;
	/* It waits for the implementer too. */
	while ((rc = saImmOmCcbAbort(ccb)) == SA_AIS_ERR_TIMEOUT)
		HOLDS(now() - begin < 60);
	OK(rc);
	OK(set_weight(ccb, ROOT, 4));
	holds_back = 1;
	begin = now();
	IS(saImmOmCcbApply(ccb), SA_AIS_ERR_TIMEOUT);
	HOLDS(now() - begin >= 0.2 && now() - begin < 5);
	HOLDS(weight_of(accessor) == 1);
	holds_back = 0;
	while (weight_of(accessor) != 4)
		HOLDS(now() - begin < 60 && poll(NULL, 0, 1) == 0);
	ended = 1;
	pthread_join(thread, NULL);
}

static SaAisErrorT on_update(SaImmOiHandleT handle, const SaNameT *object, const SaImmAttrNameT *names)
{
	(void)handle, (void)object, (void)names;
	return SA_AIS_OK;
}

int main(int argc, char **argv)
{
	(void)argv;
	SaImmHandleT om = om_handle(18);
	SaImmSearchHandleT searches[4];
	for (int at = 0; at < 4; at++)
		IS(saImmOmSearchInitialize_2(om, NULL, SA_IMM_SUBTREE, SA_IMM_SEARCH_GET_NO_ATTR, NULL, NULL, &searches[at]),
		   at < 3 ? SA_AIS_OK : SA_AIS_ERR_NO_RESOURCES);
	SaImmAccessorHandleT accessor;
	IS(saImmOmAccessorInitialize(om, &accessor), SA_AIS_ERR_NO_RESOURCES);
	OK(saImmOmSearchFinalize(searches[0]));
	OK(saImmOmAccessorInitialize(om, &accessor));
	OK(saImmOmSearchFinalize(searches[1]));

	/* An implementer that does not dispatch holds a call up for as long as the call may take. */
	create_classes(om);
	SaImmAdminOwnerHandleT owner = owner_handle(om, "checker");
	SaImmCcbHandleT ccb = ccb_handle(owner);
	OK(add_item(ccb, ROOT, NULL, 1));
	OK(saImmOmCcbApply(ccb));
	SaImmOiCallbacksT_2 callbacks = {.saImmOiCcbObjectModifyCallback = on_modify,
					 .saImmOiCcbCompletedCallback = on_completed,
					 .saImmOiRtAttrUpdateCallback = on_update};
	SaImmOiHandleT oi;
	SaVersionT wanted = version(18);
	OK(saImmOiInitialize_2(&oi, &callbacks, &wanted));
	OK(saImmOiImplementerSet(oi, (char *)"slow"));
	OK(saImmOiClassImplementerSet(oi, (char *)CONFIG_CLASS));
	double begin = now();
	if (argc > 1) {
		/* 6 s unless the environment says otherwise. */
		IS(set_weight(ccb, ROOT, 2), SA_AIS_ERR_FAILED_OPERATION);
		HOLDS(now() - begin >= 8 && now() - begin < 50);
		/* The same for values that only the implementer has. */
		SaNameT root = name(ROOT), found;
		SaImmAttrNameT live[] = {(char *)"live", NULL};
		SaImmAttrValuesT_2 **attributes;
		begin = now();
		OK(saImmOmSearchInitialize_2(om, &root, SA_IMM_SUBTREE, SA_IMM_SEARCH_ONE_ATTR | SA_IMM_SEARCH_GET_SOME_ATTR,
					     NULL, live, &searches[0]));
		IS(saImmOmSearchNext_2(searches[0], &found, &attributes), SA_AIS_ERR_TIMEOUT);
		HOLDS(now() - begin >= 8 && now() - begin < 50);
	} else {
		late(ccb, oi, accessor);
		begin = now();
		IS(set_weight(ccb, ROOT, 2), SA_AIS_ERR_TIMEOUT);
		HOLDS(now() - begin >= 0.2 && now() - begin < 5);
	}
	OK(saImmOiFinalize(oi));
	OK(saImmOmFinalize(om));
	return 0;
}
