/*
 * saAmf.h as C and as C++: sizes, offsets, numbers, and the types of all functions.
 *
 * The sizes are those of a 64-bit Linux system, the ones that linked programs were built with.
 */
#include <saAmf.h>
#include <saAmf_B_04_02.h>
#include <stddef.h>

#ifdef __cplusplus
#define HOLDS(what) static_assert(what, #what)
#else
#define HOLDS(what) _Static_assert(what, #what)
#endif
#define SIZE(type, size) HOLDS(sizeof(type) == (size))
#define AT(type, field, offset) HOLDS(offsetof(type, field) == (offset))
#define IS(name, value) HOLDS((name) == (value))

SIZE(SaAmfHandleT, 8);
SIZE(SaAmfPmErrorsT, 4);
SIZE(SaAmfHealthcheckKeyT, 34);
AT(SaAmfHealthcheckKeyT, keyLen, 32);
SIZE(SaAmfCSIActiveDescriptorT, 264);
AT(SaAmfCSIActiveDescriptorT, activeCompName, 4);
SIZE(SaAmfCSIStandbyDescriptorT, 264);
AT(SaAmfCSIStandbyDescriptorT, standbyRank, 260);
SIZE(SaAmfCSIStateDescriptorT, 264);
SIZE(SaAmfCSIAttributeT, 16);
SIZE(SaAmfCSIAttributeListT, 16);
AT(SaAmfCSIAttributeListT, number, 8);
SIZE(SaAmfCSIDescriptorT, 544);
AT(SaAmfCSIDescriptorT, csiName, 4);
AT(SaAmfCSIDescriptorT, csiStateDescriptor, 264);
AT(SaAmfCSIDescriptorT, csiAttr, 528);
SIZE(SaAmfProtectionGroupMemberT, 268);
AT(SaAmfProtectionGroupMemberT, haState, 260);
AT(SaAmfProtectionGroupMemberT, rank, 264);
SIZE(SaAmfProtectionGroupNotificationT, 272);
SIZE(SaAmfProtectionGroupNotificationBufferT, 16);
SIZE(SaAmfProtectionGroupMemberT_4, 272);
AT(SaAmfProtectionGroupMemberT_4, haReadinessState, 264);
AT(SaAmfProtectionGroupMemberT_4, rank, 268);
SIZE(SaAmfProtectionGroupNotificationT_4, 276);
AT(SaAmfProtectionGroupNotificationT_4, change, 272);
SIZE(SaAmfProtectionGroupNotificationBufferT_4, 16);
AT(SaAmfProtectionGroupNotificationBufferT_4, notification, 8);
SIZE(SaAmfCallbacksT, 56);
SIZE(SaAmfCallbacksT_3, 72);
SIZE(SaAmfCallbacksT_4, 72);
SIZE(SaAmfCallbacksT_o4, 80);
AT(SaAmfCallbacksT, saAmfComponentTerminateCallback, 8);
AT(SaAmfCallbacksT, saAmfCSISetCallback, 16);
AT(SaAmfCallbacksT, saAmfCSIRemoveCallback, 24);
AT(SaAmfCallbacksT, saAmfProtectionGroupTrackCallback, 32);
AT(SaAmfCallbacksT, saAmfProxiedComponentCleanupCallback, 48);
AT(SaAmfCallbacksT_4, saAmfContainedComponentInstantiateCallback, 56);
AT(SaAmfCallbacksT_o4, osafCsiAttributeChangeCallback, 72);
SIZE(SaNtfCorrelationIdsT, 24);
AT(SaNtfCorrelationIdsT, notificationId, 16);

IS(SA_AMF_PM_ZERO_EXIT, 1); IS(SA_AMF_PM_NON_ZERO_EXIT, 2); IS(SA_AMF_PM_ABNORMAL_END, 4);
IS(SA_AMF_PM_PROC, 1); IS(SA_AMF_PM_PROC_AND_DESCENDENTS, 2); IS(SA_AMF_PM_ALL_PROCESSES, 3);
IS(SA_AMF_HEALTHCHECK_AMF_INVOKED, 1); IS(SA_AMF_HEALTHCHECK_COMPONENT_INVOKED, 2);
IS(SA_AMF_HEALTHCHECK_KEY_MAX, 32);
IS(SA_AMF_HA_ACTIVE, 1); IS(SA_AMF_HA_STANDBY, 2); IS(SA_AMF_HA_QUIESCED, 3); IS(SA_AMF_HA_QUIESCING, 4);
IS(SA_AMF_READINESS_OUT_OF_SERVICE, 1); IS(SA_AMF_READINESS_IN_SERVICE, 2); IS(SA_AMF_READINESS_STOPPING, 3);
IS(SA_AMF_PRESENCE_UNINSTANTIATED, 1); IS(SA_AMF_PRESENCE_INSTANTIATING, 2); IS(SA_AMF_PRESENCE_INSTANTIATED, 3);
IS(SA_AMF_PRESENCE_TERMINATING, 4); IS(SA_AMF_PRESENCE_RESTARTING, 5);
IS(SA_AMF_PRESENCE_INSTANTIATION_FAILED, 6); IS(SA_AMF_PRESENCE_TERMINATION_FAILED, 7);
IS(SA_AMF_OPERATIONAL_ENABLED, 1); IS(SA_AMF_OPERATIONAL_DISABLED, 2);
IS(SA_AMF_ADMIN_UNLOCKED, 1); IS(SA_AMF_ADMIN_LOCKED, 2); IS(SA_AMF_ADMIN_LOCKED_INSTANTIATION, 3);
IS(SA_AMF_ADMIN_SHUTTING_DOWN, 4);
IS(SA_AMF_ASSIGNMENT_UNASSIGNED, 1); IS(SA_AMF_ASSIGNMENT_FULLY_ASSIGNED, 2);
IS(SA_AMF_ASSIGNMENT_PARTIALLY_ASSIGNED, 3);
IS(SA_AMF_HARS_READY_FOR_ASSIGNMENT, 1); IS(SA_AMF_HARS_READY_FOR_ACTIVE_DEGRADED, 2);
IS(SA_AMF_HARS_NOT_READY_FOR_ACTIVE, 3); IS(SA_AMF_HARS_NOT_READY_FOR_ASSIGNMENT, 4);
IS(SA_AMF_PROXY_STATUS_UNPROXIED, 1); IS(SA_AMF_PROXY_STATUS_PROXIED, 2);
IS(SA_AMF_READINESS_STATE, 1); IS(SA_AMF_HA_STATE, 2); IS(SA_AMF_PRESENCE_STATE, 3); IS(SA_AMF_OP_STATE, 4);
IS(SA_AMF_ADMIN_STATE, 5); IS(SA_AMF_ASSIGNMENT_STATE, 6); IS(SA_AMF_PROXY_STATUS, 7);
IS(SA_AMF_HA_READINESS_STATE, 8);
IS(SA_AMF_CSI_ADD_ONE, 1); IS(SA_AMF_CSI_TARGET_ONE, 2); IS(SA_AMF_CSI_TARGET_ALL, 4);
IS(SA_AMF_CSI_NEW_ASSIGN, 1); IS(SA_AMF_CSI_QUIESCED, 2); IS(SA_AMF_CSI_NOT_QUIESCED, 3);
IS(SA_AMF_CSI_STILL_ACTIVE, 4);
IS(SA_AMF_PROTECTION_GROUP_NO_CHANGE, 1); IS(SA_AMF_PROTECTION_GROUP_ADDED, 2);
IS(SA_AMF_PROTECTION_GROUP_REMOVED, 3); IS(SA_AMF_PROTECTION_GROUP_STATE_CHANGE, 4);
IS(SA_AMF_NO_RECOMMENDATION, 1); IS(SA_AMF_COMPONENT_RESTART, 2); IS(SA_AMF_COMPONENT_FAILOVER, 3);
IS(SA_AMF_NODE_SWITCHOVER, 4); IS(SA_AMF_NODE_FAILOVER, 5); IS(SA_AMF_NODE_FAILFAST, 6);
IS(SA_AMF_CLUSTER_RESET, 7); IS(SA_AMF_APPLICATION_RESTART, 8); IS(SA_AMF_CONTAINER_RESTART, 9);
IS(SA_AMF_COMP_SA_AWARE, 1); IS(SA_AMF_COMP_PROXY, 2); IS(SA_AMF_COMP_PROXIED, 4); IS(SA_AMF_COMP_LOCAL, 8);
IS(SA_AMF_COMP_CONTAINER, 16); IS(SA_AMF_COMP_CONTAINED, 32); IS(SA_AMF_COMP_PROXIED_NPI, 64);
IS(SA_AMF_2N_REDUNDANCY_MODEL, 1); IS(SA_AMF_NPM_REDUNDANCY_MODEL, 2); IS(SA_AMF_N_WAY_REDUNDANCY_MODEL, 3);
IS(SA_AMF_N_WAY_ACTIVE_REDUNDANCY_MODEL, 4); IS(SA_AMF_NO_REDUNDANCY_MODEL, 5);
IS(SA_AMF_COMP_X_ACTIVE_AND_Y_STANDBY, 1); IS(SA_AMF_COMP_X_ACTIVE_OR_Y_STANDBY, 2);
IS(SA_AMF_COMP_ONE_ACTIVE_OR_Y_STANDBY, 3); IS(SA_AMF_COMP_ONE_ACTIVE_OR_ONE_STANDBY, 4);
IS(SA_AMF_COMP_X_ACTIVE, 5); IS(SA_AMF_COMP_1_ACTIVE, 6); IS(SA_AMF_COMP_NON_PRE_INSTANTIABLE, 7);
IS(SA_AMF_NODE_NAME, 1); IS(SA_AMF_SI_NAME, 2); IS(SA_AMF_MAINTENANCE_CAMPAIGN_DN, 3);
IS(SA_AMF_AI_RECOMMENDED_RECOVERY, 4); IS(SA_AMF_AI_APPLIED_RECOVERY, 5);
IS(SA_AMF_NTFID_COMP_INSTANTIATION_FAILED, 2); IS(SA_AMF_NTFID_COMP_UNPROXIED, 6);
IS(SA_AMF_NTFID_NODE_ADMIN_STATE, 0x65); IS(SA_AMF_NTFID_SU_SI_HA_READINESS_STATE, 0x71);
IS(SA_AMF_NTFID_ERROR_REPORT, 0x191); IS(SA_AMF_NTFID_ERROR_CLEAR, 0x192);
IS(SA_AMF_ADMIN_UNLOCK, 1); IS(SA_AMF_ADMIN_LOCK, 2); IS(SA_AMF_ADMIN_LOCK_INSTANTIATION, 3);
IS(SA_AMF_ADMIN_UNLOCK_INSTANTIATION, 4); IS(SA_AMF_ADMIN_SHUTDOWN, 5); IS(SA_AMF_ADMIN_RESTART, 6);
IS(SA_AMF_ADMIN_SI_SWAP, 7); IS(SA_AMF_ADMIN_SG_ADJUST, 8); IS(SA_AMF_ADMIN_REPAIRED, 9);
IS(SA_AMF_ADMIN_EAM_START, 10); IS(SA_AMF_ADMIN_EAM_STOP, 11);
IS(OSAF_AMF_SC_PRESENT, 1); IS(OSAF_AMF_SC_ABSENT, 2);
IS(SA_NTF_IDENTIFIER_UNUSED, 0);

/* Each function, as programs call it. */
SaAisErrorT (*initialize)(SaAmfHandleT *, const SaAmfCallbacksT *, SaVersionT *) = saAmfInitialize;
SaAisErrorT (*initialize_3)(SaAmfHandleT *, const SaAmfCallbacksT_3 *, SaVersionT *) = saAmfInitialize_3;
SaAisErrorT (*initialize_4)(SaAmfHandleT *, const SaAmfCallbacksT_4 *, SaVersionT *) = saAmfInitialize_4;
SaAisErrorT (*initialize_o4)(SaAmfHandleT *, const SaAmfCallbacksT_o4 *, SaVersionT *) = saAmfInitialize_o4;
SaAisErrorT (*selection_object)(SaAmfHandleT, SaSelectionObjectT *) = saAmfSelectionObjectGet;
SaAisErrorT (*dispatch)(SaAmfHandleT, SaDispatchFlagsT) = saAmfDispatch;
SaAisErrorT (*finalize)(SaAmfHandleT) = saAmfFinalize;
SaAisErrorT (*reg)(SaAmfHandleT, const SaNameT *, const SaNameT *) = saAmfComponentRegister;
SaAisErrorT (*unreg)(SaAmfHandleT, const SaNameT *, const SaNameT *) = saAmfComponentUnregister;
SaAisErrorT (*name_get)(SaAmfHandleT, SaNameT *) = saAmfComponentNameGet;
SaAisErrorT (*pm_start)(SaAmfHandleT, const SaNameT *, SaUint64T, SaInt32T, SaAmfPmErrorsT,
                        SaAmfRecommendedRecoveryT) = saAmfPmStart;
SaAisErrorT (*pm_start_3)(SaAmfHandleT, const SaNameT *, SaInt64T, SaInt32T, SaAmfPmErrorsT,
                          SaAmfRecommendedRecoveryT) = saAmfPmStart_3;
SaAisErrorT (*pm_stop)(SaAmfHandleT, const SaNameT *, SaAmfPmStopQualifierT, SaInt64T,
                       SaAmfPmErrorsT) = saAmfPmStop;
SaAisErrorT (*hc_start)(SaAmfHandleT, const SaNameT *, const SaAmfHealthcheckKeyT *, SaAmfHealthcheckInvocationT,
                        SaAmfRecommendedRecoveryT) = saAmfHealthcheckStart;
SaAisErrorT (*hc_confirm)(SaAmfHandleT, const SaNameT *, const SaAmfHealthcheckKeyT *,
                          SaAisErrorT) = saAmfHealthcheckConfirm;
SaAisErrorT (*hc_stop)(SaAmfHandleT, const SaNameT *, const SaAmfHealthcheckKeyT *) = saAmfHealthcheckStop;
SaAisErrorT (*quiesced)(SaAmfHandleT, SaInvocationT, SaAisErrorT) = saAmfCSIQuiescingComplete;
SaAisErrorT (*readiness)(SaAmfHandleT, const SaNameT *, const SaNameT *, SaAmfHAReadinessStateT,
                         SaNtfCorrelationIdsT *) = saAmfHAReadinessStateSet;
SaAisErrorT (*ha_state)(SaAmfHandleT, const SaNameT *, const SaNameT *, SaAmfHAStateT *) = saAmfHAStateGet;
SaAisErrorT (*track)(SaAmfHandleT, const SaNameT *, SaUint8T,
                     SaAmfProtectionGroupNotificationBufferT *) = saAmfProtectionGroupTrack;
SaAisErrorT (*track_4)(SaAmfHandleT, const SaNameT *, SaUint8T,
                       SaAmfProtectionGroupNotificationBufferT_4 *) = saAmfProtectionGroupTrack_4;
SaAisErrorT (*track_stop)(SaAmfHandleT, const SaNameT *) = saAmfProtectionGroupTrackStop;
SaAisErrorT (*track_free)(SaAmfHandleT,
                          SaAmfProtectionGroupNotificationT *) = saAmfProtectionGroupNotificationFree;
SaAisErrorT (*track_free_4)(SaAmfHandleT,
                            SaAmfProtectionGroupNotificationT_4 *) = saAmfProtectionGroupNotificationFree_4;
SaAisErrorT (*report)(SaAmfHandleT, const SaNameT *, SaTimeT, SaAmfRecommendedRecoveryT,
                      SaNtfIdentifierT) = saAmfComponentErrorReport;
SaAisErrorT (*report_4)(SaAmfHandleT, const SaNameT *, SaTimeT, SaAmfRecommendedRecoveryT,
                        SaNtfCorrelationIdsT *) = saAmfComponentErrorReport_4;
SaAisErrorT (*ids_get)(SaAmfHandleT, SaInvocationT, SaNtfCorrelationIdsT *) = saAmfCorrelationIdsGet;
SaAisErrorT (*clear)(SaAmfHandleT, const SaNameT *, SaNtfIdentifierT) = saAmfComponentErrorClear;
SaAisErrorT (*clear_4)(SaAmfHandleT, const SaNameT *, SaNtfCorrelationIdsT *) = saAmfComponentErrorClear_4;
SaAisErrorT (*response)(SaAmfHandleT, SaInvocationT, SaAisErrorT) = saAmfResponse;
SaAisErrorT (*response_4)(SaAmfHandleT, SaInvocationT, SaNtfCorrelationIdsT *, SaAisErrorT) = saAmfResponse_4;
SaAisErrorT (*sc_status)(SaAmfHandleT, OsafAmfSCStatusChangeCallbackT) = osafAmfInstallSCStatusChangeCallback;

int main(void)
{
    return 0;
}
