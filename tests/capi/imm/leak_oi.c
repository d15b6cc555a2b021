/* Every kind of call and callback of saImmOi.h leaves nothing behind: `leak_oi TIMES [LEAKY]`, see count.h. A thread
 * dispatches for the implementer whose callbacks the main thread causes. */
#include <pthread.h>
#include "../count.h"
#include "check.h"

#define CHILD "item=leak," ROOT
#define EVENT "event=1"

static SaImmHandleT om;
static SaImmAdminOwnerHandleT owner;
static SaImmCcbHandleT ccb;
static SaImmAccessorHandleT accessor;
/* The one dispatches, the other has a name and dispatches nothing. */
static SaImmOiHandleT oi, other;
static SaNameT root;
static volatile int augments, refuses;
static atomic_int applies, aborts;

/* ---- callbacks ---- */

static SaAisErrorT on_create(SaImmOiHandleT handle, SaImmOiCcbIdT id, const SaImmClassNameT class_name,
			     const SaNameT *parent, const SaImmAttrValuesT_2 **attributes)
{
	(void)class_name, (void)parent, (void)attributes;
	if (refuses) {
		OK(saImmOiCcbSetErrorString(handle, id, (char *)"not today"));
		return SA_AIS_ERR_BAD_OPERATION;
	}
	if (augments) {
		SaImmCcbHandleT more;
		SaImmAdminOwnerHandleT passing;
		const SaNameT *roots[] = {&root, NULL};
		OK(saImmOiAugmentCcbInitialize(handle, id, &more, &passing));
		OK(saImmOmAdminOwnerSet(passing, roots, SA_IMM_ONE));
		OK(add_item(more, "item=augmented", ROOT, 3));
		OK(saImmOmCcbApply(more));
	}
	return SA_AIS_OK;
}

static SaAisErrorT on_modify(SaImmOiHandleT handle, SaImmOiCcbIdT id, const SaNameT *object,
			     const SaImmAttrModificationT_2 **changes)
{
	(void)handle, (void)id, (void)object, (void)changes;
	return SA_AIS_OK;
}

static SaAisErrorT on_delete(SaImmOiHandleT handle, SaImmOiCcbIdT id, const SaNameT *object)
{
	(void)handle, (void)id, (void)object;
	return SA_AIS_OK;
}

static SaAisErrorT on_completed(SaImmOiHandleT handle, SaImmOiCcbIdT id)
{
	(void)handle, (void)id;
	return SA_AIS_OK;
}

static void on_apply(SaImmOiHandleT handle, SaImmOiCcbIdT id) { (void)handle, (void)id, applies++; }
static void on_abort(SaImmOiHandleT handle, SaImmOiCcbIdT id) { (void)handle, (void)id, aborts++; }

static void on_operation(SaImmOiHandleT handle, SaInvocationT invocation, const SaNameT *object,
			 SaImmAdminOperationIdT operation, const SaImmAdminOperationParamsT_2 **params)
{
	(void)object, (void)params;
	if (operation == 1)
		OK(saImmOiAdminOperationResult(handle, invocation, SA_AIS_OK));
	else
		OK(saImmOiAdminOperationResult_o2(handle, invocation, SA_AIS_OK, params));
	IS(saImmOiAdminOperationResult(handle, invocation, SA_AIS_OK), SA_AIS_ERR_INVALID_PARAM);
}

static SaAisErrorT on_update(SaImmOiHandleT handle, const SaNameT *object, const SaImmAttrNameT *names)
{
	SaUint32T live_value = 77;
	SaImmAttrValueT values[] = {&live_value};
	SaImmAttrModificationT_2 change = {SA_IMM_ATTR_VALUES_REPLACE,
					   {(char *)"live", SA_IMM_ATTR_SAUINT32T, 1, values}};
	const SaImmAttrModificationT_2 *changes[] = {&change, NULL};
	(void)names;
	OK(saImmOiRtObjectUpdate_2(handle, object, changes));
	return SA_AIS_OK;
}

static const SaImmOiCallbacksT_2 callbacks = {on_operation, on_abort,  on_apply,  on_completed,
					      on_create,    on_delete, on_modify, on_update};

static void *dispatcher(void *unused)
{
	(void)unused;
	OK(saImmOiDispatch(oi, SA_DISPATCH_BLOCKING));
	return NULL;
}

static void await(atomic_int *count, int before)
{
	for (int at = 0; *count == before; at++) {
		HOLDS(at < 30000);
		poll(NULL, 0, at < 100 ? 0 : 1);
	}
}

/* ---- handles and names ---- */

static void initialize_2(void)
{
	SaImmOiHandleT handle;
	SaVersionT wanted = version(18);
	SaSelectionObjectT selection;
	OK(saImmOiInitialize_2(&handle, &callbacks, &wanted));
	OK(saImmOiSelectionObjectGet(handle, &selection));
	OK(saImmOiDispatch(handle, SA_DISPATCH_ALL));
	OK(saImmOiFinalize(handle));
}

static void initialize_o3(void)
{
	SaImmOiHandleT handle;
	SaVersionT wanted = version(18);
	OK(saImmOiInitialize_o3(&handle, NULL, &wanted));
	OK(saImmOiImplementerSet(handle, (char *)"passing"));
	OK(saImmOiFinalize(handle));
}

static void wrong_handles(void)
{
	SaVersionT wrong = {'B', 1, 1};
	SaImmOiHandleT handle;
	IS(saImmOiInitialize_2(&handle, NULL, &wrong), SA_AIS_ERR_VERSION);
	IS(saImmOiFinalize(12345), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOiDispatch(om, SA_DISPATCH_ALL), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOiImplementerSet(owner, (char *)"x"), SA_AIS_ERR_BAD_HANDLE);
}

static void implementer_clear_and_set(void)
{
	OK(saImmOiImplementerClear(other));
	OK(saImmOiImplementerSet(other, (char *)"other"));
}

static void class_implementer(void)
{
	OK(saImmOiClassImplementerSet(other, (char *)CONFIG_CLASS));
	OK(saImmOiClassImplementerRelease(other, (char *)CONFIG_CLASS));
}

static void object_implementer(void)
{
	OK(saImmOiObjectImplementerSet(other, &root, SA_IMM_ONE));
	OK(saImmOiObjectImplementerRelease(other, &root, SA_IMM_ONE));
}

static void object_implementer_o3(void)
{
	OK(saImmOiObjectImplementerSet_o3(other, ROOT, SA_IMM_SUBTREE));
	OK(saImmOiObjectImplementerRelease_o3(other, ROOT, SA_IMM_SUBTREE));
}

/* ---- runtime objects ---- */

static SaUint32T number = 3;
static SaImmAttrValueT numbers[] = {&number};
static SaStringT rdn = (char *)EVENT;
static SaImmAttrValueT rdns[] = {&rdn};
static SaImmAttrValuesT_2 by_name = {(char *)"event", SA_IMM_ATTR_SASTRINGT, 1, rdns};
static SaImmAttrValuesT_2 by_count = {(char *)"count", SA_IMM_ATTR_SAUINT32T, 1, numbers};

static void runtime_object_2(void)
{
	const SaImmAttrValuesT_2 *attributes[] = {&by_name, &by_count, NULL};
	SaImmAttrModificationT_2 change = {SA_IMM_ATTR_VALUES_REPLACE, by_count};
	const SaImmAttrModificationT_2 *changes[] = {&change, NULL};
	SaNameT event = name(EVENT);
	OK(saImmOiRtObjectCreate_2(other, (char *)RUNTIME_CLASS, NULL, attributes));
	IS(saImmOiRtObjectCreate_2(other, (char *)RUNTIME_CLASS, NULL, attributes), SA_AIS_ERR_EXIST);
	OK(saImmOiRtObjectUpdate_2(other, &event, changes));
	OK(saImmOiRtObjectDelete(other, &event));
}

static void runtime_object_o3(void)
{
	const SaImmAttrValuesT_2 *attributes[] = {&by_count, NULL};
	SaImmAttrModificationT_2 change = {SA_IMM_ATTR_VALUES_REPLACE, by_count};
	const SaImmAttrModificationT_2 *changes[] = {&change, NULL};
	OK(saImmOiRtObjectCreate_o3(other, (char *)RUNTIME_CLASS, EVENT, attributes));
	OK(saImmOiRtObjectUpdate_o3(other, EVENT, changes));
	OK(saImmOiRtObjectDelete_o3(other, EVENT));
}

/* ---- callbacks ---- */

static void callbacks_create_delete_apply(void)
{
	int before = applies;
	OK(add_item(ccb, "item=leak", ROOT, 1));
	OK(saImmOmCcbApply(ccb));
	await(&applies, before);
	before = applies;
	OK(remove_item(ccb, CHILD));
	OK(saImmOmCcbApply(ccb));
	await(&applies, before);
}

static void callbacks_modify_apply(void)
{
	int before = applies;
	OK(set_weight(ccb, ROOT, (SaUint32T)before % 7));
	OK(saImmOmCcbApply(ccb));
	await(&applies, before);
}

static void callbacks_abort(void)
{
	int before = aborts;
	OK(set_weight(ccb, ROOT, 8));
	OK(saImmOmCcbValidate(ccb));
	OK(saImmOmCcbAbort(ccb));
	await(&aborts, before);
}

static void callbacks_refusal(void)
{
	refuses = 1;
	IS(add_item(ccb, "item=leak", ROOT, 1), SA_AIS_ERR_FAILED_OPERATION);
	OK(saImmOmCcbAbort(ccb));
	refuses = 0;
}

static void callbacks_augment(void)
{
	int before = aborts;
	augments = 1;
	OK(add_item(ccb, "item=leak", ROOT, 1));
	augments = 0;
	OK(saImmOmCcbAbort(ccb));
	await(&aborts, before);
}

static void callbacks_runtime_attributes(void)
{
	SaImmAttrValuesT_2 **attributes;
	SaImmAttrNameT names[] = {(char *)"live", NULL};
	OK(saImmOmAccessorGet_2(accessor, &root, names, &attributes));
	HOLDS(attributes[0]->attrValuesNumber == 1);
}

static void operation(SaImmAdminOperationIdT which)
{
	SaStringT hello = (char *)"hello";
	SaImmAdminOperationParamsT_2 text = {(char *)"text", SA_IMM_ATTR_SASTRINGT, &hello};
	const SaImmAdminOperationParamsT_2 *texts[] = {&text, NULL};
	SaAisErrorT returned;
	OK(saImmOmAdminOperationInvoke_2(owner, &root, 0, which, texts, &returned, 30 * SA_TIME_ONE_SECOND));
	HOLDS(returned == SA_AIS_OK);
}

static void operation_result(void) { operation(1); }
static void operation_result_o2(void) { operation(2); }

#define KIND(call) {#call, call}
static const struct kind alone[] = {
    KIND(initialize_2), KIND(initialize_o3), KIND(wrong_handles), KIND(implementer_clear_and_set), KIND(class_implementer),
    KIND(object_implementer), KIND(object_implementer_o3), KIND(runtime_object_2), KIND(runtime_object_o3),
};
static const struct kind asked[] = {
    KIND(callbacks_create_delete_apply), KIND(callbacks_modify_apply), KIND(callbacks_abort), KIND(callbacks_refusal),
    KIND(callbacks_augment), KIND(callbacks_runtime_attributes), KIND(operation_result), KIND(operation_result_o2),
};

int main(int argc, char **argv)
{
	SaVersionT wanted = version(18);
	pthread_t thread;
	root = name(ROOT);
	om = om_handle(18);
	create_classes(om);
	owner = owner_handle(om, "checker");
	ccb = ccb_handle(owner);
	OK(add_item(ccb, ROOT, NULL, 7));
	OK(saImmOmCcbApply(ccb));
	OK(saImmOmAccessorInitialize(om, &accessor));
	OK(saImmOiInitialize_2(&oi, &callbacks, &wanted));
	OK(saImmOiImplementerSet(oi, (char *)"leak"));
	wanted = version(18);
	OK(saImmOiInitialize_2(&other, &callbacks, &wanted));
	OK(saImmOiImplementerSet(other, (char *)"other"));
	HOLDS(pthread_create(&thread, NULL, dispatcher, NULL) == 0);
	int failed = leaks_nothing(alone, sizeof(alone) / sizeof(alone[0]), argc, argv);
	OK(saImmOiClassImplementerSet(oi, (char *)CONFIG_CLASS));
	failed |= leaks_nothing(asked, sizeof(asked) / sizeof(asked[0]), argc, argv);
	OK(saImmOiFinalize(oi));
	pthread_join(thread, NULL);
	return failed;
}
