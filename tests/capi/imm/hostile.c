/* Threads that meet on a handle, children of a fork, callbacks that end what calls them: codes, and no crash. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"

static SaImmHandleT om;
static SaImmAdminOwnerHandleT owner;
static SaImmOiHandleT oi;
static volatile int in_callback, release_callback, ended;

static void on_operation(SaImmOiHandleT handle, SaInvocationT invocation, const SaNameT *object,
			 SaImmAdminOperationIdT operation, const SaImmAdminOperationParamsT_2 **params)
{
	(void)object, (void)params;
	if (operation == 2) {
		/* Ends the dispatch that runs it. */
		OK(saImmOiFinalize(handle));
		IS(saImmOiAdminOperationResult(handle, invocation, SA_AIS_OK), SA_AIS_ERR_BAD_HANDLE);
		return;
	}
	in_callback = 1;
	while (!release_callback)
		poll(NULL, 0, 1);
	OK(saImmOiAdminOperationResult(handle, invocation, SA_AIS_OK));
}

static void *dispatcher(void *unused)
{
	(void)unused;
	OK(saImmOiDispatch(oi, SA_DISPATCH_BLOCKING));
	ended = 1;
	return NULL;
}

static void *invoker(void *unused)
{
	(void)unused;
	SaNameT object = name(ROOT);
	const SaImmAdminOperationParamsT_2 *none[] = {NULL};
	SaAisErrorT returned;
	OK(saImmOmAdminOperationInvoke_2(owner, &object, 0, 1, none, &returned, 60 * SA_TIME_ONE_SECOND));
	HOLDS(returned == SA_AIS_OK);
	return NULL;
}

static void two_threads(void)
{
	pthread_t thread;
	SaNameT root = name(ROOT);
	const SaNameT *roots[] = {&root, NULL};
	SaImmAccessorHandleT accessor;
	SaImmSearchHandleT search;
	SaImmCcbHandleT ccb = ccb_handle(owner);
	SaImmClassCategoryT category;
	SaImmAttrDefinitionT_2 **definitions;
	SaImmAttrValuesT_2 **attributes;
	HOLDS(pthread_create(&thread, NULL, invoker, NULL) == 0);
	while (!in_callback)
		poll(NULL, 0, 1);
	/* While one thread waits for an answer, the handle and what was made from it are taken. */
	OK(saImmOmAccessorInitialize(om, &accessor));
	IS(saImmOmFinalize(om), SA_AIS_ERR_LIBRARY);
	IS(saImmOmClassDelete(om, (char *)"Nope"), SA_AIS_ERR_LIBRARY);
	IS(saImmOmClassDescriptionGet_2(om, (char *)CONFIG_CLASS, &category, &definitions), SA_AIS_ERR_LIBRARY);
	IS(saImmOmSearchInitialize_2(om, NULL, SA_IMM_SUBTREE, SA_IMM_SEARCH_GET_NO_ATTR, NULL, NULL, &search), SA_AIS_ERR_LIBRARY);
	IS(saImmOmAccessorGet_2(accessor, &root, NULL, &attributes), SA_AIS_ERR_LIBRARY);
	IS(saImmOmAdminOwnerSet(owner, roots, SA_IMM_ONE), SA_AIS_ERR_LIBRARY);
	IS(saImmOmAdminOwnerFinalize(owner), SA_AIS_ERR_LIBRARY);
	IS(set_weight(ccb, ROOT, 1), SA_AIS_ERR_LIBRARY);
	IS(saImmOmCcbApply(ccb), SA_AIS_ERR_LIBRARY);
	IS(saImmOmCcbFinalize(ccb), SA_AIS_ERR_LIBRARY);
	/* Other handles are free. */
	SaImmHandleT other = om_handle(18);
	OK(saImmOmClassDescriptionGet_2(other, (char *)CONFIG_CLASS, &category, &definitions));
	OK(saImmOmFinalize(other));
	release_callback = 1;
	pthread_join(thread, NULL);
	SaImmAttrNameT weight[] = {(char *)"weight", NULL};
	OK(saImmOmAccessorGet_2(accessor, &root, weight, &attributes));
	OK(saImmOmCcbFinalize(ccb));
}

static void forked(void)
{
	SaSelectionObjectT selection;
	pid_t child = fork();
	HOLDS(child >= 0);
	if (child == 0) {
		/* The parent's handles are not the child's. */
		SaNameT root = name(ROOT);
		SaImmAccessorHandleT accessor;
		SaImmAttrValuesT_2 **attributes;
		IS(saImmOmFinalize(om), SA_AIS_ERR_BAD_HANDLE);
		IS(saImmOmAccessorInitialize(om, &accessor), SA_AIS_ERR_BAD_HANDLE);
		IS(saImmOmAdminOwnerFinalize(owner), SA_AIS_ERR_BAD_HANDLE);
		IS(saImmOiSelectionObjectGet(oi, &selection), SA_AIS_ERR_BAD_HANDLE);
		IS(saImmOiDispatch(oi, SA_DISPATCH_BLOCKING), SA_AIS_ERR_BAD_HANDLE);
		IS(saImmOiFinalize(oi), SA_AIS_ERR_BAD_HANDLE);
		/* It may have its own, and these are others. */
		SaImmHandleT own = om_handle(18);
		HOLDS(own != om);
		SaImmAttrNameT weight[] = {(char *)"weight", NULL};
		OK(saImmOmAccessorInitialize(own, &accessor));
		OK(saImmOmAccessorGet_2(accessor, &root, weight, &attributes));
		IS(saImmOmFinalize(om), SA_AIS_ERR_BAD_HANDLE);
		OK(saImmOmFinalize(own));
		_exit(0);
	}
	int status;
	HOLDS(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Threads that open, use and finalise at the same time. */
static void *busy(void *unused)
{
	(void)unused;
	for (int at = 0; at < 30; at++) {
		SaImmHandleT handle = om_handle(18);
		SaImmSearchHandleT search;
		SaNameT found;
		SaImmAttrValuesT_2 **attributes;
		OK(saImmOmSearchInitialize_2(handle, NULL, SA_IMM_SUBTREE, SA_IMM_SEARCH_GET_ALL_ATTR, NULL, NULL, &search));
		OK(saImmOmSearchNext_2(search, &found, &attributes));
		OK(saImmOmFinalize(handle));
		IS(saImmOmSearchNext_2(search, &found, &attributes), SA_AIS_ERR_BAD_HANDLE);
	}
	return NULL;
}

/* Two threads dispatch one handle while a third finalises it. */
static void finalised_elsewhere(void)
{
	SaImmOiCallbacksT_2 callbacks = {NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL};
	SaVersionT wanted = version(18);
	pthread_t threads[2];
	OK(saImmOiInitialize_2(&oi, &callbacks, &wanted));
	for (int at = 0; at < 2; at++)
		HOLDS(pthread_create(&threads[at], NULL, dispatcher, NULL) == 0);
	poll(NULL, 0, 20);
	OK(saImmOiFinalize(oi));
	for (int at = 0; at < 2; at++)
		pthread_join(threads[at], NULL);
}

static void got(SaImmHandleT handle)
{
	SaNameT root = name(ROOT);
	SaImmAccessorHandleT accessor;
	SaImmAttrNameT weight[] = {(char *)"weight", NULL};
	SaImmAttrValuesT_2 **attributes;
	OK(saImmOmAccessorInitialize(handle, &accessor));
	OK(saImmOmAccessorGet_2(accessor, &root, weight, &attributes));
	OK(saImmOmAccessorFinalize(accessor));
}

static volatile int called;
static volatile sig_atomic_t signals;

/* Calls until it is cancelled, which happens between calls only. */
static void *cancelled(void *unused)
{
	(void)unused;
	SaImmHandleT handle = om_handle(18);
	for (;;) {
		for (int at = 0; at < 50; at++)
			got(handle);
		called = 1;
		pthread_testcancel();
	}
	return NULL;
}

static void *few_calls(void *unused)
{
	(void)unused;
	SaImmHandleT handle = om_handle(18);
	got(handle);
	OK(saImmOmFinalize(handle));
	return NULL;
}

static void on_signal(int number)
{
	(void)number;
	signals++;
}

/* Threads that vanish, are interrupted, or have little stack, while other handles are used. */
static void rough_threads(void)
{
	pthread_t thread;
	pthread_attr_t small;
	for (int at = 0; at < 5; at++) {
		called = 0;
		HOLDS(pthread_create(&thread, NULL, cancelled, NULL) == 0);
		while (!called)
			got(om);
		HOLDS(pthread_cancel(thread) == 0);
		for (int more = 0; more < 20; more++)
			got(om);
		pthread_join(thread, NULL);
		got(om);
	}
	struct sigaction action = {.sa_handler = on_signal};
	struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
	HOLDS(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &often, NULL) == 0);
	while (signals < 200)
		got(om);
	HOLDS(setitimer(ITIMER_REAL, &never, NULL) == 0);
	HOLDS(pthread_attr_init(&small) == 0 && pthread_attr_setstacksize(&small, 256 << 10) == 0);
	HOLDS(pthread_create(&thread, &small, few_calls, NULL) == 0);
	pthread_join(thread, NULL);
}

int main(void)
{
	SaImmOiCallbacksT_2 callbacks = {on_operation, NULL, NULL, NULL, NULL, NULL, NULL, NULL};
	SaVersionT wanted = version(18);
	SaNameT root = name(ROOT);
	pthread_t thread, threads[6];
	const SaImmAdminOperationParamsT_2 *none[] = {NULL};
	SaAisErrorT returned;
	/* Before there is any handle. */
	IS(saImmOmFinalize(1), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOiFinalize(1), SA_AIS_ERR_BAD_HANDLE);
	om = om_handle(18);
	create_classes(om);
	owner = owner_handle(om, "checker");
	SaImmCcbHandleT ccb = ccb_handle(owner);
	OK(add_item(ccb, ROOT, NULL, 7));
	OK(saImmOmCcbApply(ccb));
	OK(saImmOiInitialize_2(&oi, &callbacks, &wanted));
	OK(saImmOiImplementerSet(oi, (char *)"hostile"));
	OK(saImmOiObjectImplementerSet(oi, &root, SA_IMM_ONE));
	HOLDS(pthread_create(&thread, NULL, dispatcher, NULL) == 0);
	two_threads();
	forked();
	/* The callback that finalises: the dispatch ends well, the operation fails. */
	IS(saImmOmAdminOperationInvoke_2(owner, &root, 0, 2, none, &returned, 60 * SA_TIME_ONE_SECOND) == SA_AIS_OK
		   ? returned == SA_AIS_OK ? SA_AIS_OK : SA_AIS_ERR_NO_RESOURCES
		   : SA_AIS_ERR_NO_RESOURCES,
	   SA_AIS_ERR_NO_RESOURCES);
	pthread_join(thread, NULL);
	HOLDS(ended);
	for (int at = 0; at < 6; at++)
		HOLDS(pthread_create(&threads[at], NULL, busy, NULL) == 0);
	for (int at = 0; at < 6; at++)
		pthread_join(threads[at], NULL);
	finalised_elsewhere();
	rough_threads();
	OK(saImmOmFinalize(om));
	return 0;
}
