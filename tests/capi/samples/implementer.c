/*
 * A sample: an object implementer.
 *
 * It implements the objects of class Counter. It refuses limits above 100 with a reason, keeps the value of each counter,
 * which is a runtime attribute, and carries out the operation 1 (increment).
 *
 *     cc -o implementer implementer.c $(pkg-config --cflags --libs perdure-imm)
 *     PERDURE_DIR=/path/of/the/cluster ./implementer
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <saImmOi.h>
#include <saImmOm.h>

#define LIMIT_MAX 100
#define INCREMENT 1

/* Calls that may be too early are made again. */
#define RETRY(rc, call)                                          \
	do {                                                     \
		while ((rc = (call)) == SA_AIS_ERR_TRY_AGAIN)    \
			usleep(100000);                          \
	} while (0)

static void or_exit(const char *what, SaAisErrorT rc)
{
	if (rc != SA_AIS_OK) {
		fprintf(stderr, "%s gives %d\n", what, rc);
		exit(1);
	}
}

static SaUint32T counted = 5; /* one counter is enough for a sample */

/* The value of an attribute among those of a new or changed object. */
static const SaUint32T *limit_in(const SaImmAttrValuesT_2 *attribute)
{
	if (strcmp(attribute->attrName, "limit") || attribute->attrValuesNumber == 0)
		return NULL;
	return attribute->attrValues[0];
}

static SaAisErrorT check(SaImmOiHandleT handle, SaImmOiCcbIdT ccb, const SaUint32T *limit)
{
	char why[80];
	if (!limit || *limit <= LIMIT_MAX)
		return SA_AIS_OK;
	snprintf(why, sizeof(why), "a counter of %u is refused: a counter may be at most %d", *limit, LIMIT_MAX);
	saImmOiCcbSetErrorString(handle, ccb, why);
	return SA_AIS_ERR_BAD_OPERATION;
}

static SaAisErrorT on_create(SaImmOiHandleT handle, SaImmOiCcbIdT ccb, const SaImmClassNameT class_name,
			     const SaNameT *parent, const SaImmAttrValuesT_2 **attributes)
{
	SaAisErrorT rc = SA_AIS_OK;
	(void)class_name, (void)parent;
	for (; *attributes && rc == SA_AIS_OK; attributes++)
		rc = check(handle, ccb, limit_in(*attributes));
	return rc;
}

static SaAisErrorT on_modify(SaImmOiHandleT handle, SaImmOiCcbIdT ccb, const SaNameT *object,
			     const SaImmAttrModificationT_2 **changes)
{
	SaAisErrorT rc = SA_AIS_OK;
	(void)object;
	for (; *changes && rc == SA_AIS_OK; changes++)
		rc = check(handle, ccb, limit_in(&(*changes)->modAttr));
	return rc;
}

static SaAisErrorT on_delete(SaImmOiHandleT handle, SaImmOiCcbIdT ccb, const SaNameT *object)
{
	(void)handle, (void)ccb, (void)object;
	return SA_AIS_OK;
}

/* All operations are known: can the CCB be applied as a whole? */
static SaAisErrorT on_completed(SaImmOiHandleT handle, SaImmOiCcbIdT ccb)
{
	(void)handle, (void)ccb;
	return SA_AIS_OK;
}

/* It is committed. A real implementer would act on it now. */
static void on_apply(SaImmOiHandleT handle, SaImmOiCcbIdT ccb)
{
	(void)handle, (void)ccb;
}

static void on_abort(SaImmOiHandleT handle, SaImmOiCcbIdT ccb)
{
	(void)handle, (void)ccb;
}

/* Somebody reads the runtime attribute. */
static SaAisErrorT on_read(SaImmOiHandleT handle, const SaNameT *object, const SaImmAttrNameT *names)
{
	SaImmAttrValueT values[] = {&counted};
	SaImmAttrModificationT_2 value = {SA_IMM_ATTR_VALUES_REPLACE, {(char *)"value", SA_IMM_ATTR_SAUINT32T, 1, values}};
	const SaImmAttrModificationT_2 *changes[] = {&value, NULL};
	(void)names; /* there is only this one */
	return saImmOiRtObjectUpdate_2(handle, object, changes) == SA_AIS_OK ? SA_AIS_OK : SA_AIS_ERR_FAILED_OPERATION;
}

static void on_operation(SaImmOiHandleT handle, SaInvocationT invocation, const SaNameT *object,
			 SaImmAdminOperationIdT operation, const SaImmAdminOperationParamsT_2 **parameters)
{
	SaAisErrorT rc = SA_AIS_ERR_NOT_SUPPORTED;
	(void)object;
	if (operation == INCREMENT && parameters[0] && parameters[0]->paramType == SA_IMM_ATTR_SAUINT32T) {
		counted += *(const SaUint32T *)parameters[0]->paramBuffer;
		rc = SA_AIS_OK;
	}
	SaImmAdminOperationParamsT_2 now = {(char *)"value", SA_IMM_ATTR_SAUINT32T, &counted};
	const SaImmAdminOperationParamsT_2 *result[] = {&now, NULL};
	saImmOiAdminOperationResult_o2(handle, invocation, rc, rc == SA_AIS_OK ? result : NULL);
}

/* The class; it may be there already. */
static void create_class(void)
{
	SaImmHandleT om;
	SaVersionT version = {'A', 2, 18};
	SaAisErrorT rc;
	SaImmAttrDefinitionT_2 name = {(char *)"counter", SA_IMM_ATTR_SASTRINGT, SA_IMM_ATTR_CONFIG | SA_IMM_ATTR_RDN, NULL};
	SaImmAttrDefinitionT_2 limit = {(char *)"limit", SA_IMM_ATTR_SAUINT32T, SA_IMM_ATTR_CONFIG | SA_IMM_ATTR_WRITABLE, NULL};
	SaImmAttrDefinitionT_2 value = {(char *)"value", SA_IMM_ATTR_SAUINT32T, SA_IMM_ATTR_RUNTIME, NULL};
	const SaImmAttrDefinitionT_2 *definitions[] = {&name, &limit, &value, NULL};
	RETRY(rc, saImmOmInitialize(&om, NULL, &version));
	or_exit("saImmOmInitialize", rc);
	RETRY(rc, saImmOmClassCreate_2(om, (char *)"Counter", SA_IMM_CLASS_CONFIG, definitions));
	or_exit("saImmOmClassCreate_2", rc == SA_AIS_ERR_EXIST ? SA_AIS_OK : rc);
	saImmOmFinalize(om);
}

int main(void)
{
	const SaImmOiCallbacksT_2 callbacks = {on_operation, on_abort,  on_apply,  on_completed,
					       on_create,    on_delete, on_modify, on_read};
	SaVersionT version = {'A', 2, 18};
	SaImmOiHandleT oi;
	SaSelectionObjectT selection;
	SaAisErrorT rc;

	create_class();
	RETRY(rc, saImmOiInitialize_2(&oi, &callbacks, &version));
	or_exit("saImmOiInitialize_2", rc);
	RETRY(rc, saImmOiImplementerSet(oi, (char *)"CounterImplementer"));
	or_exit("saImmOiImplementerSet", rc);
	RETRY(rc, saImmOiClassImplementerSet(oi, (char *)"Counter"));
	or_exit("saImmOiClassImplementerSet", rc);
	or_exit("saImmOiSelectionObjectGet", saImmOiSelectionObjectGet(oi, &selection));
	puts("ready");
	fflush(stdout);
	for (;;) {
		struct pollfd waiting = {(int)selection, POLLIN, 0};
		if (poll(&waiting, 1, -1) == 1 && saImmOiDispatch(oi, SA_DISPATCH_ALL) == SA_AIS_ERR_BAD_HANDLE) {
			fprintf(stderr, "the handle is lost\n");
			return 1;
		}
	}
}
