/* The codes of every function of saImmOi.h, and what callbacks are told and may answer. One thread dispatches; the main
 * thread manages. */
#include <poll.h>
#include <pthread.h>
#include "check.h"

#define BOGUS 0x1234567890abcdefULL

static SaImmHandleT om;
static SaImmAdminOwnerHandleT owner;
static SaImmCcbHandleT ccb;
static SaImmOiHandleT oi;

/* What the callbacks saw and what they answer. */
static volatile int creates, modifies, deletes, completes, applies, aborts, operations, updates;
static volatile SaAisErrorT verdict = SA_AIS_OK;
static volatile SaImmOiCcbIdT last_ccb;
static const char *volatile refusal;
static volatile int augments;

static SaAisErrorT answer(SaImmOiHandleT handle, SaImmOiCcbIdT id)
{
	last_ccb = id;
	if (refusal)
		OK(saImmOiCcbSetErrorString(handle, id, (SaStringT)refusal));
	return verdict;
}

static SaAisErrorT on_create(SaImmOiHandleT handle, SaImmOiCcbIdT id, const SaImmClassNameT class_name,
			     const SaNameT *parent, const SaImmAttrValuesT_2 **attributes)
{
	HOLDS(!strcmp(class_name, CONFIG_CLASS) && !strcmp((const char *)parent->value, ROOT));
	HOLDS(!strcmp(attributes[0]->attrName, "item") && attributes[0]->attrValuesNumber == 1);
	HOLDS(!strcmp(*(SaStringT *)attributes[0]->attrValues[0], "item=1"));
	HOLDS(find((SaImmAttrValuesT_2 **)attributes, "weight"));
	/* What was not given comes without values. */
	SaImmAttrValuesT_2 *note = find((SaImmAttrValuesT_2 **)attributes, "note");
	HOLDS(note && note->attrValuesNumber == 0);
	creates++;
	if (augments) {
		SaImmCcbHandleT more;
		SaImmAdminOwnerHandleT passing;
		SaNameT root = name(ROOT);
		const SaNameT *roots[] = {&root, NULL};
		IS(saImmOiAugmentCcbInitialize(handle, id, NULL, &passing), SA_AIS_ERR_INVALID_PARAM);
		IS(saImmOiAugmentCcbInitialize(handle, id, &more, NULL), SA_AIS_ERR_INVALID_PARAM);
		IS(saImmOiAugmentCcbInitialize(BOGUS, id, &more, &passing), SA_AIS_ERR_BAD_HANDLE);
		IS(saImmOiAugmentCcbInitialize(handle, id + 1000, &more, &passing), SA_AIS_ERR_BAD_OPERATION);
		OK(saImmOiAugmentCcbInitialize(handle, id, &more, &passing));
		IS(saImmOmCcbAbort(more), SA_AIS_ERR_BAD_OPERATION);
		IS(saImmOmCcbValidate(more), SA_AIS_ERR_BAD_OPERATION);
		OK(saImmOmAdminOwnerSet(passing, roots, SA_IMM_ONE));
		OK(add_item(more, "item=augmented", ROOT, 3));
		OK(saImmOmCcbApply(more));
	}
	return answer(handle, id);
}

static SaAisErrorT on_modify(SaImmOiHandleT handle, SaImmOiCcbIdT id, const SaNameT *object,
			     const SaImmAttrModificationT_2 **changes)
{
	HOLDS(!strcmp((const char *)object->value, ROOT) && changes[0] && !changes[1]);
	HOLDS(changes[0]->modType == SA_IMM_ATTR_VALUES_REPLACE && !strcmp(changes[0]->modAttr.attrName, "weight"));
	modifies++;
	return answer(handle, id);
}

static SaAisErrorT on_delete(SaImmOiHandleT handle, SaImmOiCcbIdT id, const SaNameT *object)
{
	HOLDS(object->length > 0);
	deletes++;
	return answer(handle, id);
}

static SaAisErrorT on_completed(SaImmOiHandleT handle, SaImmOiCcbIdT id)
{
	completes++;
	return answer(handle, id);
}

static void on_apply(SaImmOiHandleT handle, SaImmOiCcbIdT id)
{
	(void)handle;
	HOLDS(id == last_ccb);
	applies++;
}

static void on_abort(SaImmOiHandleT handle, SaImmOiCcbIdT id)
{
	(void)handle, (void)id;
	aborts++;
}

static void on_operation(SaImmOiHandleT handle, SaInvocationT invocation, const SaNameT *object,
			 SaImmAdminOperationIdT operation, const SaImmAdminOperationParamsT_2 **params)
{
	HOLDS(object->length > 0);
	operations++;
	SaStringT why = (char *)"not today";
	SaUint32T number = 42;
	SaImmAdminOperationParamsT_2 error = {(char *)SA_IMM_PARAM_ADMOP_ERROR, SA_IMM_ATTR_SASTRINGT, &why};
	SaImmAdminOperationParamsT_2 wrong = {(char *)SA_IMM_PARAM_ADMOP_ERROR, SA_IMM_ATTR_SAUINT32T, &number};
	SaImmAdminOperationParamsT_2 answer = {(char *)"answer", SA_IMM_ATTR_SAUINT32T, &number};
	const SaImmAdminOperationParamsT_2 *errors[] = {&error, NULL}, *wrongs[] = {&wrong, NULL}, *answers[] = {&answer, NULL};
	IS(saImmOiAdminOperationResult(BOGUS, invocation, SA_AIS_OK), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOiAdminOperationResult(handle, invocation + 1000, SA_AIS_OK), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiAdminOperationResult(handle, invocation, (SaAisErrorT)99), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiAdminOperationResult_o2(handle, invocation, SA_AIS_OK, errors), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiAdminOperationResult_o2(handle, invocation, SA_AIS_ERR_BUSY, wrongs), SA_AIS_ERR_INVALID_PARAM);
	if (operation == 1) {
		OK(saImmOiAdminOperationResult(handle, invocation, SA_AIS_OK));
		IS(saImmOiAdminOperationResult(handle, invocation, SA_AIS_OK), SA_AIS_ERR_INVALID_PARAM);
	} else if (operation == 2) {
		OK(saImmOiAdminOperationResult_o2(handle, invocation, SA_AIS_ERR_BUSY, errors));
	} else if (operation == 3) {
		HOLDS(params[0] && !strcmp(params[0]->paramName, "text") &&
		      !strcmp(*(SaStringT *)params[0]->paramBuffer, "hello"));
		OK(saImmOiAdminOperationResult_o2(handle, invocation, SA_AIS_OK, answers));
	} else if (operation == 4) {
		OK(saImmOiAdminOperationResult_o2(handle, invocation, SA_AIS_OK, params));
	} /* else: never answered */
}

static SaAisErrorT on_update(SaImmOiHandleT handle, const SaNameT *object, const SaImmAttrNameT *names)
{
	SaUint32T live = 77;
	SaImmAttrValueT values[] = {&live};
	SaImmAttrModificationT_2 change = {SA_IMM_ATTR_VALUES_REPLACE,
					   {(char *)"live", SA_IMM_ATTR_SAUINT32T, 1, values}};
	const SaImmAttrModificationT_2 *changes[] = {&change, NULL};
	HOLDS(!strcmp(names[0], "live") && !names[1]);
	updates++;
	if (verdict == SA_AIS_OK)
		OK(saImmOiRtObjectUpdate_2(handle, object, changes));
	return verdict;
}

static const SaImmOiCallbacksT_2 callbacks = {on_operation, on_abort,  on_apply,  on_completed,
					      on_create,    on_delete, on_modify, on_update};

static void *dispatcher(void *unused)
{
	(void)unused;
	/* Until the handle is finalised. */
	OK(saImmOiDispatch(oi, SA_DISPATCH_BLOCKING));
	return NULL;
}

static void library(void)
{
	SaImmOiHandleT handle = 7;
	SaSelectionObjectT selection;
	SaVersionT wanted = version(18), wrong = {'B', 1, 1};
	IS(saImmOiInitialize_2(NULL, &callbacks, &wanted), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiInitialize_2(&handle, &callbacks, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiInitialize_2(&handle, &callbacks, &wrong), SA_AIS_ERR_VERSION);
	HOLDS(handle == 0 && wrong.releaseCode == 'A' && wrong.minorVersion == 18);
	wanted = version(14);
	IS(saImmOiInitialize_o3(&handle, NULL, &wanted), SA_AIS_ERR_VERSION);
	IS(saImmOiInitialize_o3(NULL, NULL, &wanted), SA_AIS_ERR_INVALID_PARAM);
	wanted = version(15);
	OK(saImmOiInitialize_o3(&handle, NULL, &wanted));
	IS(saImmOiSelectionObjectGet(handle, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiSelectionObjectGet(BOGUS, &selection), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOiSelectionObjectGet(om, &selection), SA_AIS_ERR_BAD_HANDLE);
	OK(saImmOiSelectionObjectGet(handle, &selection));
	struct pollfd readable = {(int)selection, POLLIN, 0};
	HOLDS(poll(&readable, 1, 0) == 0);
	IS(saImmOiDispatch(handle, (SaDispatchFlagsT)0), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiDispatch(BOGUS, SA_DISPATCH_ALL), SA_AIS_ERR_BAD_HANDLE);
	OK(saImmOiDispatch(handle, SA_DISPATCH_ONE));
	OK(saImmOiDispatch(handle, SA_DISPATCH_ALL));
	IS(saImmOiFinalize(BOGUS), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOiFinalize(om), SA_AIS_ERR_BAD_HANDLE);
	OK(saImmOiFinalize(handle));
	IS(saImmOiFinalize(handle), SA_AIS_ERR_BAD_HANDLE);
}

static void bindings(void)
{
	SaImmOiHandleT other, old, poor;
	SaNameT root = name(ROOT), missing = name("item=none"), empty = name("");
	SaVersionT wanted = version(18);
	char long_name[400];
	memset(long_name, 'o', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = 0;
	OK(saImmOiInitialize_2(&other, &callbacks, &wanted));
	wanted = version(1);
	OK(saImmOiInitialize_2(&old, &callbacks, &wanted));
	wanted = version(18);
	OK(saImmOiInitialize_2(&poor, NULL, &wanted));
	/* Without a name. */
	IS(saImmOiImplementerClear(oi), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOiClassImplementerSet(oi, (char *)CONFIG_CLASS), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOiObjectImplementerSet(oi, &root, SA_IMM_ONE), SA_AIS_ERR_BAD_HANDLE);

	IS(saImmOiImplementerSet(BOGUS, (char *)"impl"), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOiImplementerSet(oi, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiImplementerSet(oi, (char *)""), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiImplementerSet(oi, long_name), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiImplementerSet(oi, (char *)"two words"), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiImplementerSet(old, (char *)"@applier"), SA_AIS_ERR_VERSION);
	IS(saImmOiImplementerSet(poor, (char *)"@applier"), SA_AIS_ERR_INIT);
	OK(saImmOiImplementerSet(oi, (char *)"impl"));
	IS(saImmOiImplementerSet(oi, (char *)"impl2"), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiImplementerSet(other, (char *)"impl"), SA_AIS_ERR_EXIST);
	OK(saImmOiImplementerSet(other, (char *)"other"));

	IS(saImmOiClassImplementerSet(BOGUS, (char *)CONFIG_CLASS), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOiClassImplementerSet(oi, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiClassImplementerSet(oi, (char *)""), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiClassImplementerSet(oi, (char *)"Nope"), SA_AIS_ERR_NOT_EXIST);
	IS(saImmOiClassImplementerSet(oi, (char *)RUNTIME_CLASS), SA_AIS_ERR_BAD_OPERATION);
	OK(saImmOiClassImplementerSet(oi, (char *)CONFIG_CLASS));
	OK(saImmOiClassImplementerSet(oi, (char *)CONFIG_CLASS));
	IS(saImmOiClassImplementerSet(other, (char *)CONFIG_CLASS), SA_AIS_ERR_EXIST);
	IS(saImmOiObjectImplementerSet(other, &root, SA_IMM_ONE), SA_AIS_ERR_EXIST);
	IS(saImmOiClassImplementerRelease(BOGUS, (char *)CONFIG_CLASS), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOiClassImplementerRelease(oi, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiClassImplementerRelease(oi, (char *)"Nope"), SA_AIS_ERR_NOT_EXIST);
	IS(saImmOiClassImplementerRelease(other, (char *)CONFIG_CLASS), SA_AIS_ERR_NOT_EXIST);
	IS(saImmOiClassImplementerRelease(oi, (char *)RUNTIME_CLASS), SA_AIS_ERR_BAD_OPERATION);
	OK(saImmOiClassImplementerRelease(oi, (char *)CONFIG_CLASS));

	IS(saImmOiObjectImplementerSet(BOGUS, &root, SA_IMM_ONE), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOiObjectImplementerSet(oi, NULL, SA_IMM_ONE), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiObjectImplementerSet(oi, &empty, SA_IMM_ONE), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiObjectImplementerSet(oi, &root, (SaImmScopeT)9), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiObjectImplementerSet(oi, &missing, SA_IMM_ONE), SA_AIS_ERR_NOT_EXIST);
	OK(saImmOiObjectImplementerSet(oi, &root, SA_IMM_SUBTREE));
	IS(saImmOiObjectImplementerSet(other, &root, SA_IMM_ONE), SA_AIS_ERR_EXIST);
	IS(saImmOiObjectImplementerRelease(other, &root, SA_IMM_ONE), SA_AIS_ERR_NOT_EXIST);
	IS(saImmOiObjectImplementerRelease(oi, &missing, SA_IMM_ONE), SA_AIS_ERR_NOT_EXIST);
	IS(saImmOiObjectImplementerRelease(oi, NULL, SA_IMM_ONE), SA_AIS_ERR_INVALID_PARAM);
	OK(saImmOiObjectImplementerRelease(oi, &root, SA_IMM_SUBTREE));
	IS(saImmOiObjectImplementerSet_o3(old, ROOT, SA_IMM_ONE), SA_AIS_ERR_VERSION);
	IS(saImmOiObjectImplementerSet_o3(oi, NULL, SA_IMM_ONE), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiObjectImplementerSet_o3(oi, "item=none", SA_IMM_ONE), SA_AIS_ERR_NOT_EXIST);
	OK(saImmOiObjectImplementerSet_o3(oi, ROOT, SA_IMM_ONE));
	IS(saImmOiObjectImplementerRelease_o3(old, ROOT, SA_IMM_ONE), SA_AIS_ERR_VERSION);
	IS(saImmOiObjectImplementerRelease_o3(BOGUS, ROOT, SA_IMM_ONE), SA_AIS_ERR_BAD_HANDLE);
	OK(saImmOiObjectImplementerRelease_o3(oi, ROOT, SA_IMM_ONE));
	IS(saImmOiImplementerClear(BOGUS), SA_AIS_ERR_BAD_HANDLE);
	OK(saImmOiImplementerClear(oi));
	OK(saImmOiImplementerSet(oi, (char *)"impl"));
	OK(saImmOiFinalize(other));
	OK(saImmOiFinalize(old));
	OK(saImmOiFinalize(poor));
}

static SaAisErrorT rt_create(const char *class_name, const char *rdn, const char *attribute, SaImmValueTypeT type, void *value)
{
	SaStringT text = (char *)rdn;
	SaImmAttrValueT rdns[] = {&text}, values[] = {value};
	SaImmAttrValuesT_2 by_name = {(char *)"event", SA_IMM_ATTR_SASTRINGT, 1, rdns};
	SaImmAttrValuesT_2 more = {(char *)attribute, type, value ? 1 : 0, values};
	const SaImmAttrValuesT_2 *attributes[] = {&by_name, attribute ? &more : NULL, NULL};
	SaNameT parent = name(ROOT);
	return saImmOiRtObjectCreate_2(oi, (char *)class_name, &parent, attributes);
}

static void runtime(void)
{
	SaUint32T number = 1;
	SaStringT text = (char *)"text";
	SaNameT event = name("event=1," ROOT), root = name(ROOT), missing = name("event=none");
	SaImmOiHandleT nameless, old;
	SaVersionT wanted = version(18);
	SaImmAttrValueT numbers[] = {&number};
	SaImmAttrValuesT_2 count = {(char *)"count", SA_IMM_ATTR_SAUINT32T, 1, numbers};
	const SaImmAttrValuesT_2 *counts[] = {&count, NULL};
	OK(saImmOiInitialize_2(&nameless, NULL, &wanted));
	wanted = version(1);
	OK(saImmOiInitialize_2(&old, NULL, &wanted));
	IS(rt_create("Nope", "event=1", "count", SA_IMM_ATTR_SAUINT32T, &number), SA_AIS_ERR_NOT_EXIST);
	IS(rt_create(CONFIG_CLASS, "event=1", "count", SA_IMM_ATTR_SAUINT32T, &number), SA_AIS_ERR_INVALID_PARAM);
	IS(rt_create("", "event=1", "count", SA_IMM_ATTR_SAUINT32T, &number), SA_AIS_ERR_INVALID_PARAM);
	IS(rt_create(RUNTIME_CLASS, "event=a b", "count", SA_IMM_ATTR_SAUINT32T, &number), SA_AIS_ERR_INVALID_PARAM);
	IS(rt_create(RUNTIME_CLASS, "event=1", "nope", SA_IMM_ATTR_SAUINT32T, &number), SA_AIS_ERR_NOT_EXIST);
	IS(rt_create(RUNTIME_CLASS, "event=1", "count", SA_IMM_ATTR_SASTRINGT, &text), SA_AIS_ERR_INVALID_PARAM);
	/* Each cached attribute without a default has to be mentioned. */
	IS(rt_create(RUNTIME_CLASS, "event=1", NULL, SA_IMM_ATTR_SAUINT32T, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiRtObjectCreate_2(oi, (char *)RUNTIME_CLASS, &root, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiRtObjectCreate_2(BOGUS, (char *)RUNTIME_CLASS, &root, counts), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOiRtObjectCreate_2(nameless, (char *)RUNTIME_CLASS, &root, counts), SA_AIS_ERR_BAD_OPERATION);
	OK(rt_create(RUNTIME_CLASS, "event=1", "count", SA_IMM_ATTR_SAUINT32T, &number));
	IS(rt_create(RUNTIME_CLASS, "event=1", "count", SA_IMM_ATTR_SAUINT32T, &number), SA_AIS_ERR_EXIST);
	IS(saImmOiRtObjectCreate_o3(old, (char *)RUNTIME_CLASS, "event=2," ROOT, counts), SA_AIS_ERR_VERSION);
	IS(saImmOiRtObjectCreate_o3(BOGUS, (char *)RUNTIME_CLASS, "event=2," ROOT, counts), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOiRtObjectCreate_o3(oi, (char *)RUNTIME_CLASS, NULL, counts), SA_AIS_ERR_INVALID_PARAM);
	OK(saImmOiRtObjectCreate_o3(oi, (char *)RUNTIME_CLASS, "event=2," ROOT, counts));

	SaImmAttrModificationT_2 change = {SA_IMM_ATTR_VALUES_REPLACE, count};
	const SaImmAttrModificationT_2 *changes[] = {&change, NULL}, *twice[] = {&change, &change, NULL};
	IS(saImmOiRtObjectUpdate_2(BOGUS, &event, changes), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOiRtObjectUpdate_2(oi, NULL, changes), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiRtObjectUpdate_2(oi, &event, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiRtObjectUpdate_2(oi, &event, twice), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiRtObjectUpdate_2(oi, &missing, changes), SA_AIS_ERR_NOT_EXIST);
	IS(saImmOiRtObjectUpdate_2(nameless, &event, changes), SA_AIS_ERR_BAD_OPERATION);
	OK(saImmOiRtObjectUpdate_2(oi, &event, changes));
	change.modType = (SaImmAttrModificationTypeT)7;
	IS(saImmOiRtObjectUpdate_2(oi, &event, changes), SA_AIS_ERR_INVALID_PARAM);
	change.modType = SA_IMM_ATTR_VALUES_REPLACE;
	change.modAttr.attrName = (char *)"nope";
	IS(saImmOiRtObjectUpdate_2(oi, &event, changes), SA_AIS_ERR_NOT_EXIST);
	change.modAttr.attrName = (char *)"weight";
	IS(saImmOiRtObjectUpdate_2(oi, &root, changes), SA_AIS_ERR_BAD_OPERATION);
	change.modAttr.attrName = (char *)"count";
	IS(saImmOiRtObjectUpdate_o3(old, "event=1," ROOT, changes), SA_AIS_ERR_VERSION);
	IS(saImmOiRtObjectUpdate_o3(oi, "event=none", changes), SA_AIS_ERR_NOT_EXIST);
	OK(saImmOiRtObjectUpdate_o3(oi, "event=2," ROOT, changes));

	IS(saImmOiRtObjectDelete(BOGUS, &event), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOiRtObjectDelete(oi, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiRtObjectDelete(oi, &missing), SA_AIS_ERR_NOT_EXIST);
	IS(saImmOiRtObjectDelete(oi, &root), SA_AIS_ERR_BAD_OPERATION);
	IS(saImmOiRtObjectDelete(nameless, &event), SA_AIS_ERR_BAD_OPERATION);
	OK(saImmOiRtObjectDelete(oi, &event));
	IS(saImmOiRtObjectDelete_o3(old, "event=2," ROOT), SA_AIS_ERR_VERSION);
	IS(saImmOiRtObjectDelete_o3(oi, NULL), SA_AIS_ERR_INVALID_PARAM);
	OK(saImmOiRtObjectDelete_o3(oi, "event=2," ROOT));
	OK(saImmOiFinalize(nameless));
	OK(saImmOiFinalize(old));
}

static void wait_for(volatile int *count, int wanted)
{
	for (int at = 0; at < 30000 && *count < wanted; at++)
		poll(NULL, 0, 1);
	HOLDS(*count == wanted);
}

static void bundles(void)
{
	SaNameT root = name(ROOT);
	const SaStringT *strings;
	SaImmCcbHandleT more;
	SaImmAdminOwnerHandleT passing;
	OK(saImmOiClassImplementerSet(oi, (char *)CONFIG_CLASS));
	OK(set_weight(ccb, ROOT, 1));
	OK(add_item(ccb, "item=1", ROOT, 2));
	HOLDS(modifies == 1 && creates == 1);
	OK(saImmOmCcbApply(ccb));
	HOLDS(completes == 1);
	wait_for(&applies, 1);
	/* Refusals, with the program's own words; codes that a callback may not give count as FAILED_OPERATION. */
	SaAisErrorT verdicts[] = {SA_AIS_ERR_BAD_OPERATION, SA_AIS_ERR_NO_RESOURCES, SA_AIS_ERR_NO_MEMORY,
				  SA_AIS_ERR_TRY_AGAIN, (SaAisErrorT)12345, (SaAisErrorT)0};
	int before = aborts;
	refusal = "the word of the implementer";
	for (int at = 0; at < 6; at++) {
		verdict = verdicts[at];
		IS(set_weight(ccb, ROOT, 9), SA_AIS_ERR_FAILED_OPERATION);
		OK(saImmOmCcbGetErrorStrings(ccb, &strings));
		int said = 0;
		for (int n = 0; strings && strings[n]; n++)
			said |= strstr(strings[n], "the word of the implementer") != NULL;
		HOLDS(said);
		OK(saImmOmCcbAbort(ccb));
	}
	verdict = SA_AIS_OK, refusal = NULL;
	OK(set_weight(ccb, ROOT, 9));
	OK(saImmOmCcbAbort(ccb));
	/* Each of the seven is told, whenever it comes. */
	wait_for(&aborts, before + 7);
	/* Outside a callback there is nothing to explain and nothing to augment. */
	IS(saImmOiCcbSetErrorString(oi, last_ccb, (char *)"x"), SA_AIS_ERR_BAD_OPERATION);
	IS(saImmOiCcbSetErrorString(oi, last_ccb, NULL), SA_AIS_ERR_INVALID_PARAM);
	IS(saImmOiCcbSetErrorString(BOGUS, last_ccb, (char *)"x"), SA_AIS_ERR_BAD_HANDLE);
	IS(saImmOiAugmentCcbInitialize(oi, last_ccb, &more, &passing), SA_AIS_ERR_BAD_OPERATION);

	OK(remove_item(ccb, "item=1," ROOT));
	HOLDS(deletes == 1);
	OK(saImmOmCcbApply(ccb));
	augments = 1;
	OK(add_item(ccb, "item=1", ROOT, 2));
	OK(saImmOmCcbApply(ccb));
	augments = 0;
	SaImmAccessorHandleT accessor;
	SaImmAttrValuesT_2 **attributes;
	SaImmAttrNameT live[] = {(char *)"live", NULL};
	OK(saImmOmAccessorInitialize(om, &accessor));
	OK(saImmOmAccessorGet_o3(accessor, "item=augmented," ROOT, NULL, &attributes));
	HOLDS(*(SaUint32T *)find(attributes, "weight")->attrValues[0] == 3);
	/* Values that only the implementer has. */
	int asked = updates;
	OK(saImmOmAccessorGet_2(accessor, &root, live, &attributes));
	HOLDS(updates == asked + 1 && *(SaUint32T *)attributes[0]->attrValues[0] == 77);
	verdict = SA_AIS_ERR_NO_RESOURCES;
	IS(saImmOmAccessorGet_2(accessor, &root, live, &attributes), SA_AIS_ERR_NO_RESOURCES);
	verdict = SA_AIS_OK;
	OK(saImmOmAccessorFinalize(accessor));
}

static volatile int invoked;
static void on_invoked(SaInvocationT invocation, SaAisErrorT returned, SaAisErrorT error,
		       const SaImmAdminOperationParamsT_2 **params)
{
	HOLDS(error == (invocation == 14 ? SA_AIS_ERR_TIMEOUT : SA_AIS_OK));
	if (invocation == 11)
		HOLDS(returned == SA_AIS_OK && params[0] && *(SaUint32T *)params[0]->paramBuffer == 42);
	if (invocation == 12)
		HOLDS(returned == SA_AIS_ERR_BUSY && params[0] &&
		      !strcmp(*(SaStringT *)params[0]->paramBuffer, "not today"));
	invoked++;
}

static void admin_operations(void)
{
	SaNameT root = name(ROOT), by_name = name("impl");
	SaStringT hello = (char *)"hello";
	SaImmAdminOperationParamsT_2 text = {(char *)"text", SA_IMM_ATTR_SASTRINGT, &hello};
	const SaImmAdminOperationParamsT_2 *none[] = {NULL}, *texts[] = {&text, NULL};
	SaImmAdminOperationParamsT_2 **result;
	SaAisErrorT returned;
	const SaTimeT limit = 20 * SA_TIME_ONE_SECOND;
	OK(saImmOmAdminOperationInvoke_2(owner, &root, 0, 1, none, &returned, limit));
	HOLDS(returned == SA_AIS_OK);
	OK(saImmOmAdminOperationInvoke_o2(owner, &root, 0, 2, none, &returned, limit, &result));
	HOLDS(returned == SA_AIS_ERR_BUSY && result && !strcmp(result[0]->paramName, SA_IMM_PARAM_ADMOP_ERROR));
	OK(saImmOmAdminOperationMemoryFree(owner, result));
	OK(saImmOmAdminOperationInvoke_o3(owner, ROOT, 0, 3, texts, &returned, limit, &result));
	HOLDS(returned == SA_AIS_OK && result && *(SaUint32T *)result[0]->paramBuffer == 42 && !result[1]);
	OK(saImmOmAdminOperationMemoryFree(owner, result));
	/* What is no UTF-8 arrives as it was given. */
	hello = (char *)"\xad\x0b and \xf4\x8f\xbe\x80";
	OK(saImmOmAdminOperationInvoke_o2(owner, &root, 0, 4, texts, &returned, limit, &result));
	HOLDS(returned == SA_AIS_OK && result && !strcmp(*(SaStringT *)result[0]->paramBuffer, hello));
	OK(saImmOmAdminOperationMemoryFree(owner, result));
	hello = (char *)"hello";
	IS(saImmOmAdminOperationInvoke_2(owner, &root, 0, 9, none, &returned, SA_TIME_ONE_SECOND / 5), SA_AIS_ERR_TIMEOUT);
	/* An implementer by its own name, where the owner has the same. */
	IS(saImmOmAdminOperationInvoke_2(owner, &by_name, 0, 1, none, &returned, limit), SA_AIS_ERR_NOT_EXIST);

	SaImmHandleT with_callback;
	SaVersionT wanted = version(18);
	SaImmCallbacksT_o2 back = {on_invoked};
	SaSelectionObjectT selection;
	OK(saImmOmInitialize_o2(&with_callback, &back, &wanted));
	SaImmAdminOwnerHandleT async = owner_handle(with_callback, "checker");
	OK(saImmOmSelectionObjectGet(with_callback, &selection));
	struct pollfd readable = {(int)selection, POLLIN, 0};
	OK(saImmOmAdminOperationInvokeAsync_2(async, 13, &root, 0, 9, none));
	IS(saImmOmAdminOperationInvokeAsync_2(async, 13, &root, 0, 1, none), SA_AIS_ERR_INVALID_PARAM);
	OK(saImmOmAdminOperationInvokeAsync_2(async, 11, &root, 0, 3, texts));
	OK(saImmOmAdminOperationInvokeAsync_o3(async, 12, ROOT, 0, 2, none));
	while (invoked < 2) {
		HOLDS(poll(&readable, 1, 30000) == 1);
		OK(saImmOmDispatch(with_callback, SA_DISPATCH_ONE));
	}
	HOLDS(poll(&readable, 1, 0) == 0);
	OK(saImmOmFinalize(with_callback));
}

/* An implementer that lets go of an object, and ends, with an operation unanswered: who asked does not know what came of it. */
static void departure(void)
{
	SaNameT root = name(ROOT);
	const SaImmAdminOperationParamsT_2 *none[] = {NULL};
	SaVersionT wanted = version(18);
	SaImmCallbacksT_o2 back = {on_invoked};
	SaImmHandleT with_callback;
	SaSelectionObjectT selection;
	int before = operations, told = invoked;
	OK(saImmOmInitialize_o2(&with_callback, &back, &wanted));
	SaImmAdminOwnerHandleT async = owner_handle(with_callback, "checker");
	OK(saImmOmSelectionObjectGet(with_callback, &selection));
	struct pollfd readable = {(int)selection, POLLIN, 0};
	OK(saImmOmAdminOperationInvokeAsync_2(async, 14, &root, 0, 9, none));
	while (operations == before)
		poll(NULL, 0, 1);
	OK(saImmOiClassImplementerRelease(oi, (char *)CONFIG_CLASS));
	HOLDS(poll(&readable, 1, 0) == 0);
	OK(saImmOiFinalize(oi));
	HOLDS(poll(&readable, 1, 30000) == 1);
	OK(saImmOmDispatch(with_callback, SA_DISPATCH_ONE));
	HOLDS(invoked == told + 1);
	OK(saImmOmFinalize(with_callback));
}

int main(void)
{
	pthread_t thread;
	SaVersionT wanted = version(18);
	om = om_handle(18);
	create_classes(om);
	owner = owner_handle(om, "checker");
	ccb = ccb_handle(owner);
	OK(add_item(ccb, ROOT, NULL, 7));
	OK(saImmOmCcbApply(ccb));
	library();
	OK(saImmOiInitialize_2(&oi, &callbacks, &wanted));
	HOLDS(pthread_create(&thread, NULL, dispatcher, NULL) == 0);
	bindings();
	runtime();
	bundles();
	admin_operations();
	departure();
	pthread_join(thread, NULL);
	OK(saImmOmFinalize(om));
	return 0;
}
