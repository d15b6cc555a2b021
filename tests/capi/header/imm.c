/* What programs compiled long ago rely on: sizes, offsets, values. Compiled as C and as C++; it does nothing. */
#include <stddef.h>
#include <saImmOm.h>
#include <saImmOi.h>

#ifdef __cplusplus
#define HOLDS(what) static_assert(what, #what)
#else
#define HOLDS(what) _Static_assert(what, #what)
#endif
#define SIZE(type, bytes) HOLDS(sizeof(type) == (bytes))
#define AT(type, member, bytes) HOLDS(offsetof(type, member) == (bytes))

SIZE(SaInt8T, 1); SIZE(SaInt16T, 2); SIZE(SaInt32T, 4); SIZE(SaInt64T, 8);
SIZE(SaUint8T, 1); SIZE(SaUint16T, 2); SIZE(SaUint32T, 4); SIZE(SaUint64T, 8);
SIZE(SaFloatT, 4); SIZE(SaDoubleT, 8); SIZE(SaStringT, 8); SIZE(SaTimeT, 8);
SIZE(SaInvocationT, 8); SIZE(SaSizeT, 8); SIZE(SaOffsetT, 8); SIZE(SaSelectionObjectT, 8);
SIZE(SaBoolT, 4); SIZE(SaAisErrorT, 4); SIZE(SaDispatchFlagsT, 4); SIZE(SaServicesT, 4);
SIZE(SaVersionT, 3); SIZE(SaLimitValueT, 8);
SIZE(SaAnyT, 16); AT(SaAnyT, bufferSize, 0); AT(SaAnyT, bufferAddr, 8);
SIZE(SaNameT, 258);
#ifndef SA_EXTENDED_NAME_SOURCE
AT(SaNameT, length, 0); AT(SaNameT, value, 2);
HOLDS(SA_MAX_NAME_LENGTH == 256);
#else
HOLDS(SA_MAX_UNEXTENDED_NAME_LENGTH == 256);
#endif
HOLDS((SaInt8T)-1 < 0 && (SaTimeT)-1 < 0 && (SaUint8T)-1 > 0 && (SaUint64T)-1 > 0);
HOLDS(SA_TIME_END == 0x7FFFFFFFFFFFFFFFLL && SA_TIME_MAX == SA_TIME_END && SA_TIME_BEGIN == 0);
HOLDS(SA_TIME_UNKNOWN == 0x8000000000000000ULL);
HOLDS(SA_TIME_ONE_MICROSECOND == 1000 && SA_TIME_ONE_MILLISECOND == 1000 * 1000);
HOLDS(SA_TIME_ONE_SECOND == 1000LL * SA_TIME_ONE_MILLISECOND && SA_TIME_ONE_MINUTE == 60 * SA_TIME_ONE_SECOND);
HOLDS(SA_TIME_ONE_HOUR == 60 * SA_TIME_ONE_MINUTE && SA_TIME_ONE_DAY == 24 * SA_TIME_ONE_HOUR);
HOLDS(SA_FALSE == 0 && SA_TRUE == 1);
HOLDS(SA_DISPATCH_ONE == 1 && SA_DISPATCH_ALL == 2 && SA_DISPATCH_BLOCKING == 3);
HOLDS(SA_TRACK_CURRENT == 1 && SA_TRACK_CHANGES == 2 && SA_TRACK_CHANGES_ONLY == 4);
HOLDS(SA_TRACK_LOCAL == 8 && SA_TRACK_START_STEP == 16 && SA_TRACK_VALIDATE_STEP == 32);
HOLDS(SA_AIS_OK == 1 && SA_AIS_ERR_LIBRARY == 2 && SA_AIS_ERR_VERSION == 3 && SA_AIS_ERR_INIT == 4);
HOLDS(SA_AIS_ERR_TIMEOUT == 5 && SA_AIS_ERR_TRY_AGAIN == 6 && SA_AIS_ERR_INVALID_PARAM == 7);
HOLDS(SA_AIS_ERR_NO_MEMORY == 8 && SA_AIS_ERR_BAD_HANDLE == 9 && SA_AIS_ERR_BUSY == 10 && SA_AIS_ERR_ACCESS == 11);
HOLDS(SA_AIS_ERR_NOT_EXIST == 12 && SA_AIS_ERR_NAME_TOO_LONG == 13 && SA_AIS_ERR_EXIST == 14);
HOLDS(SA_AIS_ERR_NO_SPACE == 15 && SA_AIS_ERR_INTERRUPT == 16 && SA_AIS_ERR_NAME_NOT_FOUND == 17);
HOLDS(SA_AIS_ERR_NO_RESOURCES == 18 && SA_AIS_ERR_NOT_SUPPORTED == 19 && SA_AIS_ERR_BAD_OPERATION == 20);
HOLDS(SA_AIS_ERR_FAILED_OPERATION == 21 && SA_AIS_ERR_MESSAGE_ERROR == 22 && SA_AIS_ERR_QUEUE_FULL == 23);
HOLDS(SA_AIS_ERR_QUEUE_NOT_AVAILABLE == 24 && SA_AIS_ERR_BAD_FLAGS == 25 && SA_AIS_ERR_TOO_BIG == 26);
HOLDS(SA_AIS_ERR_NO_SECTIONS == 27 && SA_AIS_ERR_NO_OP == 28 && SA_AIS_ERR_REPAIR_PENDING == 29);
HOLDS(SA_AIS_ERR_NO_BINDINGS == 30 && SA_AIS_ERR_UNAVAILABLE == 31 && SA_AIS_ERR_CAMPAIGN_ERROR_DETECTED == 32);
HOLDS(SA_AIS_ERR_CAMPAIGN_PROC_FAILED == 33 && SA_AIS_ERR_CAMPAIGN_CANCELED == 34);
HOLDS(SA_AIS_ERR_CAMPAIGN_FAILED == 35 && SA_AIS_ERR_CAMPAIGN_SUSPENDED == 36);
HOLDS(SA_AIS_ERR_CAMPAIGN_SUSPENDING == 37 && SA_AIS_ERR_ACCESS_DENIED == 38 && SA_AIS_ERR_NOT_READY == 39);
HOLDS(SA_AIS_ERR_DEPLOYMENT == 40);
HOLDS(SA_SVC_HPI == 1 && SA_SVC_AMF == 2 && SA_SVC_CLM == 3 && SA_SVC_IMMS == 8 && SA_SCV_LOG == 9 && SA_SVC_PLM == 15);

SIZE(SaImmValueTypeT, 4); SIZE(SaImmClassCategoryT, 4); SIZE(SaImmAttrFlagsT, 8); SIZE(SaImmAttrValueT, 8);
HOLDS(SA_IMM_ATTR_SAINT32T == 1 && SA_IMM_ATTR_SAUINT32T == 2 && SA_IMM_ATTR_SAINT64T == 3);
HOLDS(SA_IMM_ATTR_SAUINT64T == 4 && SA_IMM_ATTR_SATIMET == 5 && SA_IMM_ATTR_SANAMET == 6);
HOLDS(SA_IMM_ATTR_SAFLOATT == 7 && SA_IMM_ATTR_SADOUBLET == 8 && SA_IMM_ATTR_SASTRINGT == 9);
HOLDS(SA_IMM_ATTR_SAANYT == 10 && SA_IMM_CLASS_CONFIG == 1 && SA_IMM_CLASS_RUNTIME == 2);
HOLDS(SA_IMM_ATTR_MULTI_VALUE == 0x1 && SA_IMM_ATTR_RDN == 0x2 && SA_IMM_ATTR_CONFIG == 0x100);
HOLDS(SA_IMM_ATTR_WRITABLE == 0x200 && SA_IMM_ATTR_INITIALIZED == 0x400 && SA_IMM_ATTR_RUNTIME == 0x10000);
HOLDS(SA_IMM_ATTR_PERSISTENT == 0x20000 && SA_IMM_ATTR_CACHED == 0x40000);
HOLDS(SA_IMM_ATTR_NO_DUPLICATES == 0x1000000 && SA_IMM_ATTR_NOTIFY == 0x2000000);
HOLDS(SA_IMM_ATTR_NO_DANGLING == 0x4000000 && SA_IMM_ATTR_DN == 0x8000000);
HOLDS(SA_IMM_ATTR_DEFAULT_REMOVED == 0x10000000 && SA_IMM_ATTR_STRONG_DEFAULT == 0x20000000);
HOLDS(SA_IMM_ATTR_VALUES_ADD == 1 && SA_IMM_ATTR_VALUES_DELETE == 2 && SA_IMM_ATTR_VALUES_REPLACE == 3);
HOLDS(SA_IMM_ONE == 1 && SA_IMM_SUBLEVEL == 2 && SA_IMM_SUBTREE == 3);
HOLDS(SA_IMM_SEARCH_ONE_ATTR == 0x1 && SA_IMM_SEARCH_GET_ALL_ATTR == 0x100);
HOLDS(SA_IMM_SEARCH_GET_NO_ATTR == 0x200 && SA_IMM_SEARCH_GET_SOME_ATTR == 0x400);
HOLDS(SA_IMM_SEARCH_GET_CONFIG_ATTR == 0x10000 && SA_IMM_SEARCH_NO_DANGLING_DEPENDENTS == 0x100000000ull);
HOLDS(SA_IMM_CCB_REGISTERED_OI == 1 && SA_IMM_CCB_ALLOW_NULL_OI == 0x100);
HOLDS(SA_IMM_KEEP_REPOSITORY == 1 && SA_IMM_INIT_FROM_FILE == 2);
HOLDS((SaUint64T)SA_IMM_PARAM_ADMOP_ID_ESC == 0x8000000000000000ull);
HOLDS(sizeof(SA_IMM_ATTR_CLASS_NAME) == 19 && sizeof(SA_IMM_ATTR_ADMIN_OWNER_NAME) == 24);
HOLDS(sizeof(SA_IMM_ATTR_IMPLEMENTER_NAME) == 25 && sizeof(SA_IMM_ATTR_APPLIER_NAME) == 21);
HOLDS(sizeof(SA_IMM_PARAM_ADMOP_NAME) == 24 && sizeof(SA_IMM_PARAM_ADMOP_ERROR) == 25);

SIZE(SaImmAttrDefinitionT_2, 32);
AT(SaImmAttrDefinitionT_2, attrName, 0); AT(SaImmAttrDefinitionT_2, attrValueType, 8);
AT(SaImmAttrDefinitionT_2, attrFlags, 16); AT(SaImmAttrDefinitionT_2, attrDefaultValue, 24);
SIZE(SaImmAttrValuesT_2, 24);
AT(SaImmAttrValuesT_2, attrName, 0); AT(SaImmAttrValuesT_2, attrValueType, 8);
AT(SaImmAttrValuesT_2, attrValuesNumber, 12); AT(SaImmAttrValuesT_2, attrValues, 16);
SIZE(SaImmAttrModificationT_2, 32);
AT(SaImmAttrModificationT_2, modType, 0); AT(SaImmAttrModificationT_2, modAttr, 8);
SIZE(SaImmSearchParametersT_2, 24);
AT(SaImmSearchOneAttrT_2, attrName, 0); AT(SaImmSearchOneAttrT_2, attrValueType, 8);
AT(SaImmSearchOneAttrT_2, attrValue, 16);
SIZE(SaImmAdminOperationParamsT_2, 24);
AT(SaImmAdminOperationParamsT_2, paramName, 0); AT(SaImmAdminOperationParamsT_2, paramType, 8);
AT(SaImmAdminOperationParamsT_2, paramBuffer, 16);

SIZE(SaImmHandleT, 8); SIZE(SaImmAdminOwnerHandleT, 8); SIZE(SaImmCcbHandleT, 8); SIZE(SaImmSearchHandleT, 8);
SIZE(SaImmAccessorHandleT, 8); SIZE(SaImmCcbFlagsT, 8); SIZE(SaImmContinuationIdT, 8);
SIZE(SaImmAdminOperationIdT, 8); SIZE(SaImmSearchOptionsT, 8); SIZE(SaImmOiHandleT, 8); SIZE(SaImmOiCcbIdT, 8);
SIZE(SaImmCallbacksT, 8); SIZE(SaImmCallbacksT_o2, 8);
SIZE(SaImmOiCallbacksT_2, 64); SIZE(SaImmOiCallbacksT_o3, 64);
AT(SaImmOiCallbacksT_2, saImmOiAdminOperationCallback, 0); AT(SaImmOiCallbacksT_2, saImmOiCcbAbortCallback, 8);
AT(SaImmOiCallbacksT_2, saImmOiCcbApplyCallback, 16); AT(SaImmOiCallbacksT_2, saImmOiCcbCompletedCallback, 24);
AT(SaImmOiCallbacksT_2, saImmOiCcbObjectCreateCallback, 32);
AT(SaImmOiCallbacksT_2, saImmOiCcbObjectDeleteCallback, 40);
AT(SaImmOiCallbacksT_2, saImmOiCcbObjectModifyCallback, 48);
AT(SaImmOiCallbacksT_2, saImmOiRtAttrUpdateCallback, 56);
AT(SaImmOiCallbacksT_o3, saImmOiCcbObjectCreateCallback, 32); AT(SaImmOiCallbacksT_o3, saImmOiRtAttrUpdateCallback, 56);

int main(void)
{
	return 0;
}
