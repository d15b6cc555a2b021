/* Calls in random order with random handles, good, bad and of the wrong kind: `random SEED CALLS`. Whatever comes back is a
 * code of the standard, and the process lives. */
#include <stdint.h>
#include "check.h"

static uint64_t state;

static uint32_t pick(uint32_t below)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(state >> 33) % below;
}

#define KEPT 24
static SaUint64T handles[KEPT];

/* Mostly one that was issued for something. */
static SaUint64T any(void)
{
	switch (pick(12)) {
	case 0: return 0;
	case 1: return state;
	case 2: return handles[pick(KEPT)] ^ (1ull << pick(64));
	default: return handles[pick(KEPT)];
	}
}

static SaUint64T *room(void)
{
	return pick(20) ? &handles[pick(KEPT)] : NULL;
}

static const char *const names[] = {ROOT, "item=1," ROOT, "item=2,item=1," ROOT, "item=none", "", "no dn", "a=\\", ",", "event=1," ROOT};

static SaNameT *some_name(SaNameT *place)
{
	*place = name(names[pick(sizeof(names) / sizeof(names[0]))]);
	if (!pick(10))
		place->length = (SaUint16T)pick(70000);
	if (place->length == 0xcd2b)
		place->length = 256;
	return pick(15) ? place : NULL;
}

static const char *some_text(void)
{
	return pick(15) ? names[pick(sizeof(names) / sizeof(names[0]))] : NULL;
}

static char *word(void)
{
	static char *const words[] = {(char *)CONFIG_CLASS, (char *)RUNTIME_CLASS, (char *)"weight", (char *)"item", (char *)"nope",
				      (char *)"", (char *)"\xff\xfe", (char *)"@applier", (char *)"impl", NULL};
	return words[pick(10)];
}

/* A value of this type, or NULL. */
static void *some_value(int type)
{
	static SaUint64T number;
	static SaStringT text;
	static SaNameT object;
	static SaAnyT bytes;
	static SaUint8T content[8];
	number = state;
	text = (char *)some_text();
	bytes.bufferSize = pick(9), bytes.bufferAddr = pick(3) ? content : NULL;
	if (!pick(15))
		return NULL;
	switch (type) {
	case SA_IMM_ATTR_SANAMET: some_name(&object); return &object;
	case SA_IMM_ATTR_SASTRINGT: return &text;
	case SA_IMM_ATTR_SAANYT: return &bytes;
	default: return &number;
	}
}

static SaImmAttrValuesT_2 attributes[4];
static SaImmAttrValueT places[4][2];
static const SaImmAttrValuesT_2 *attribute_list[5];
static SaImmAttrModificationT_2 changes[4];
static const SaImmAttrModificationT_2 *change_list[5];
static SaImmAttrNameT name_list[4];
static SaImmAdminOperationParamsT_2 parameters[2];
static const SaImmAdminOperationParamsT_2 *parameter_list[3];

static void fill(void)
{
	memset(attribute_list, 0, sizeof(attribute_list));
	memset(change_list, 0, sizeof(change_list));
	memset(name_list, 0, sizeof(name_list));
	memset(parameter_list, 0, sizeof(parameter_list));
	for (int at = 0, end = (int)pick(5); at < end; at++) {
		int type = (int)pick(13);
		places[at][0] = some_value(type), places[at][1] = some_value(type);
		attributes[at] = (SaImmAttrValuesT_2){word(), (SaImmValueTypeT)type, pick(3), pick(9) ? places[at] : NULL};
		attribute_list[at] = &attributes[at];
		changes[at] = (SaImmAttrModificationT_2){(SaImmAttrModificationTypeT)pick(5), attributes[at]};
		change_list[at] = &changes[at];
	}
	for (int at = 0, end = (int)pick(4); at < end; at++)
		name_list[at] = word();
	for (int at = 0, end = (int)pick(3); at < end; at++) {
		int type = (int)pick(13);
		parameters[at] = (SaImmAdminOperationParamsT_2){word(), (SaImmValueTypeT)type, some_value(type)};
		parameter_list[at] = &parameters[at];
	}
}

static SaAisErrorT on_create(SaImmOiHandleT handle, SaImmOiCcbIdT ccb, const SaImmClassNameT class_name,
			     const SaNameT *parent, const SaImmAttrValuesT_2 **list)
{
	(void)handle, (void)ccb, (void)class_name, (void)parent, (void)list;
	return (SaAisErrorT)pick(30);
}
static void on_operation(SaImmOiHandleT handle, SaInvocationT invocation, const SaNameT *object,
			 SaImmAdminOperationIdT operation, const SaImmAdminOperationParamsT_2 **params)
{
	(void)object, (void)operation;
	saImmOiAdminOperationResult_o2(handle, invocation + pick(2), (SaAisErrorT)pick(45), pick(2) ? params : NULL);
}

static SaAisErrorT om_call(void)
{
	SaNameT object, other, found;
	SaVersionT asked = {pick(9) ? 'A' : 'B', (SaUint8T)(pick(9) ? 2 : 3), (SaUint8T)pick(20)};
	const SaNameT *objects[] = {some_name(&object), some_name(&other), NULL};
	SaConstStringT texts[] = {some_text(), some_text(), NULL};
	SaImmAttrValuesT_2 **got;
	SaImmAttrDefinitionT_2 **definitions;
	SaImmClassCategoryT category;
	SaImmAdminOperationParamsT_2 **result;
	SaAisErrorT returned;
	SaStringT text;
	const SaStringT *strings;
	SaSelectionObjectT selection;
	SaTimeT limit = SA_TIME_ONE_MILLISECOND * 20;
	SaUint64T options = pick(2) ? 0x100u | pick(2) : (SaUint64T)1 << pick(40);
	switch (pick(36)) {
	case 0: return saImmOmInitialize(room(), NULL, pick(9) ? &asked : NULL);
	case 1: return saImmOmInitialize_o2(room(), NULL, &asked);
	case 2: return saImmOmSelectionObjectGet(any(), pick(9) ? &selection : NULL);
	case 3: return saImmOmDispatch(any(), (SaDispatchFlagsT)pick(3));
	case 4: return pick(4) ? SA_AIS_OK : saImmOmFinalize(any());
	case 5: return saImmOmClassDescriptionGet_2(any(), word(), &category, &definitions);
	case 6: return saImmOmClassDelete(any(), word());
	case 7: return saImmOmSearchInitialize_2(any(), objects[0], (SaImmScopeT)pick(5), options, NULL, pick(3) ? NULL : name_list, room());
	case 8: return saImmOmSearchInitialize_o3(any(), texts[0], (SaImmScopeT)pick(5), options, NULL, NULL, room());
	case 9: return saImmOmSearchNext_2(any(), pick(9) ? &found : NULL, &got);
	case 10: return saImmOmSearchNext_o3(any(), &text, pick(9) ? &got : NULL);
	case 11: return saImmOmSearchFinalize(any());
	case 12: return saImmOmAccessorInitialize(any(), room());
	case 13: return saImmOmAccessorGet_2(any(), objects[0], pick(2) ? NULL : name_list, pick(9) ? &got : NULL);
	case 14: return saImmOmAccessorGet_o3(any(), texts[0], pick(2) ? NULL : name_list, &got);
	case 15: return saImmOmAccessorFinalize(any());
	case 16: return saImmOmAdminOwnerInitialize(any(), word(), (SaBoolT)pick(3), room());
	case 17: return saImmOmAdminOwnerSet(any(), pick(9) ? objects : NULL, (SaImmScopeT)pick(5));
	case 18: return saImmOmAdminOwnerSet_o3(any(), texts, (SaImmScopeT)pick(5));
	case 19: return saImmOmAdminOwnerRelease(any(), objects, (SaImmScopeT)pick(5));
	case 20: return saImmOmAdminOwnerClear_o3(any(), texts, (SaImmScopeT)pick(5));
	case 21: return saImmOmAdminOwnerFinalize(any());
	case 22: return saImmOmCcbInitialize(any(), pick(3) ? 0 : options, room());
	case 23: return saImmOmCcbObjectCreate_2(any(), word(), objects[0], pick(9) ? attribute_list : NULL);
	case 24: return saImmOmCcbObjectCreate_o3(any(), word(), texts[0], attribute_list);
	case 25: return saImmOmCcbObjectModify_2(any(), objects[0], change_list);
	case 26: return saImmOmCcbObjectModify_o3(any(), texts[0], pick(9) ? change_list : NULL);
	case 27: return saImmOmCcbObjectDelete_o3(any(), texts[0]);
	case 28: return saImmOmCcbApply(any());
	case 29: return saImmOmCcbValidate(any());
	case 30: return saImmOmCcbAbort(any());
	case 31: return saImmOmCcbFinalize(any());
	case 32: return saImmOmCcbGetErrorStrings(any(), &strings);
	case 33: return saImmOmCcbObjectRead(any(), texts[0], name_list, &got);
	case 34: return saImmOmAdminOperationInvoke_o2(any(), objects[0], 0, pick(3), parameter_list, &returned, limit, &result);
	default: return saImmOmAdminOperationInvokeAsync_2(any(), pick(9), objects[0], 0, pick(3), parameter_list);
	}
}

static SaAisErrorT oi_call(void)
{
	static const SaImmOiCallbacksT_2 callbacks = {.saImmOiCcbObjectCreateCallback = on_create,
						      .saImmOiAdminOperationCallback = on_operation};
	SaNameT object;
	SaNameT *named = some_name(&object);
	SaVersionT asked = version((int)pick(20));
	SaSelectionObjectT selection;
	switch (pick(20)) {
	case 0: return saImmOiInitialize_2(room(), pick(9) ? &callbacks : NULL, &asked);
	case 1: return saImmOiInitialize_o3(room(), NULL, &asked);
	case 2: return saImmOiSelectionObjectGet(any(), pick(9) ? &selection : NULL);
	case 3: case 4: case 5: return saImmOiDispatch(any(), (SaDispatchFlagsT)pick(3));
	case 6: return pick(3) ? SA_AIS_OK : saImmOiFinalize(any());
	case 7: return saImmOiImplementerSet(any(), word());
	case 8: return saImmOiImplementerClear(any());
	case 9: return saImmOiClassImplementerSet(any(), word());
	case 10: return saImmOiClassImplementerRelease(any(), word());
	case 11: return saImmOiObjectImplementerSet(any(), named, (SaImmScopeT)pick(5));
	case 12: return saImmOiObjectImplementerRelease_o3(any(), some_text(), (SaImmScopeT)pick(5));
	case 13: return saImmOiRtObjectCreate_2(any(), word(), named, pick(9) ? attribute_list : NULL);
	case 14: return saImmOiRtObjectCreate_o3(any(), word(), some_text(), attribute_list);
	case 15: return saImmOiRtObjectDelete(any(), named);
	case 16: return saImmOiRtObjectUpdate_2(any(), named, change_list);
	case 17: return saImmOiAdminOperationResult(any(), pick(100), (SaAisErrorT)pick(50));
	case 18: return saImmOiCcbSetErrorString(any(), pick(100), (SaStringT)some_text());
	default: return saImmOiAugmentCcbInitialize(any(), pick(100), room(), room());
	}
}

int main(int count, char **arguments)
{
	HOLDS(count == 3);
	setenv("IMMA_SYNCR_TIMEOUT", "20", 1);
	SaImmHandleT om = om_handle(18);
	create_classes(om);
	SaImmAdminOwnerHandleT owner = owner_handle(om, "base");
	SaImmCcbHandleT ccb = ccb_handle(owner);
	SaAisErrorT rc = add_item(ccb, ROOT, NULL, 1);
	HOLDS(rc == SA_AIS_OK || rc == SA_AIS_ERR_EXIST || rc == SA_AIS_ERR_BAD_OPERATION);
	if (rc == SA_AIS_OK)
		OK(saImmOmCcbApply(ccb));
	OK(saImmOmFinalize(om));
	state = strtoull(arguments[1], NULL, 10);
	handles[0] = om_handle(18), handles[1] = om_handle(18);
	handles[2] = owner_handle(handles[0], "random");
	handles[3] = ccb_handle(handles[2]);
	for (long calls = atol(arguments[2]); calls > 0; calls--) {
		fill();
		rc = pick(3) ? om_call() : oi_call();
		HOLDS(rc >= SA_AIS_OK && rc <= SA_AIS_ERR_DEPLOYMENT);
		/* Something to work on stays. */
		if (!pick(40)) {
			handles[0] = om_handle(18);
			handles[2] = owner_handle(handles[0], "random");
			handles[3] = ccb_handle(handles[2]);
		}
	}
	return 0;
}
