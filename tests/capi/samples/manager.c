/*
 * A sample: a management client. It creates an object, reads it, changes it, is refused, and invokes an operation.
 *
 *     cc -o manager manager.c $(pkg-config --cflags --libs perdure-imm)
 *     PERDURE_DIR=/path/of/the/cluster ./manager
 *
 * The implementer sample has to run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <saImmOm.h>

#define INCREMENT 1

static void or_exit(const char *what, SaAisErrorT rc)
{
	if (rc != SA_AIS_OK) {
		fprintf(stderr, "%s gives %d\n", what, rc);
		exit(1);
	}
}

/* A CCB with one new object; prints why it is refused. */
static SaAisErrorT create(SaImmAdminOwnerHandleT owner, const char *rdn, SaUint32T limit)
{
	SaStringT text = (char *)rdn;
	SaImmAttrValueT names[] = {&text}, limits[] = {&limit};
	SaImmAttrValuesT_2 name_attr = {(char *)"counter", SA_IMM_ATTR_SASTRINGT, 1, names};
	SaImmAttrValuesT_2 limit_attr = {(char *)"limit", SA_IMM_ATTR_SAUINT32T, 1, limits};
	const SaImmAttrValuesT_2 *attributes[] = {&name_attr, &limit_attr, NULL};
	const SaStringT *why = NULL;
	SaImmCcbHandleT ccb;
	SaAisErrorT rc;

	or_exit("saImmOmCcbInitialize", saImmOmCcbInitialize(owner, SA_IMM_CCB_REGISTERED_OI, &ccb));
	rc = saImmOmCcbObjectCreate_2(ccb, (char *)"Counter", NULL, attributes);
	if (rc == SA_AIS_OK)
		rc = saImmOmCcbApply(ccb);
	if (rc != SA_AIS_OK && saImmOmCcbGetErrorStrings(ccb, &why) == SA_AIS_OK && why)
		for (; *why; why++)
			printf("%s\n", *why);
	saImmOmCcbFinalize(ccb);
	return rc;
}

int main(void)
{
	SaVersionT version = {'A', 2, 18};
	SaNameT object = {sizeof("counter=clicks") - 1, "counter=clicks"};
	SaImmAttrNameT names[] = {(char *)"value", NULL};
	SaImmAttrValuesT_2 **attributes;
	SaImmHandleT om;
	SaImmAdminOwnerHandleT owner;
	SaImmAccessorHandleT accessor;
	SaAisErrorT returned;

	or_exit("saImmOmInitialize", saImmOmInitialize(&om, NULL, &version));
	or_exit("saImmOmAdminOwnerInitialize", saImmOmAdminOwnerInitialize(om, (char *)"manager", SA_TRUE, &owner));
	if (create(owner, "counter=many", 200) == SA_AIS_OK)
		or_exit("a counter that is too large", SA_AIS_ERR_LIBRARY);
	or_exit("creating counter=clicks", create(owner, "counter=clicks", 10));

	or_exit("saImmOmAccessorInitialize", saImmOmAccessorInitialize(om, &accessor));
	or_exit("saImmOmAccessorGet_2", saImmOmAccessorGet_2(accessor, &object, names, &attributes));
	printf("%s starts at %u\n", (const char *)object.value, *(SaUint32T *)attributes[0]->attrValues[0]);

	SaUint32T by = 3;
	SaImmAdminOperationParamsT_2 parameter = {(char *)"by", SA_IMM_ATTR_SAUINT32T, &by}, **result;
	const SaImmAdminOperationParamsT_2 *parameters[] = {&parameter, NULL};
	or_exit("saImmOmAdminOperationInvoke_o2",
		saImmOmAdminOperationInvoke_o2(owner, &object, 0, INCREMENT, parameters, &returned, 10 * SA_TIME_ONE_SECOND,
					       &result));
	or_exit("the operation", returned);
	printf("incremented by %u: %u\n", by, *(SaUint32T *)result[0]->paramBuffer);
	saImmOmAdminOperationMemoryFree(owner, result);
	or_exit("saImmOmFinalize", saImmOmFinalize(om));
	return 0;
}
