/*
 * The Availability Management Framework's interface for components, releases B.01.01 to B.04.01 of SAI-AIS-AMF, and
 * what OpenSAF adds to it (B.04.02).
 *
 * Link with -lSaAmf (pkg-config: perdure-amf or opensaf-amf). A program uses the functions of the release that it initialized with: those
 * without a suffix or those with _4.
 */
#ifndef _SA_AMF_H
#define _SA_AMF_H

#include <saAis.h>
#include <saNtf.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The older releases are always declared, as OpenSAF does. */
#ifndef SA_AMF_B01
#define SA_AMF_B01
#endif

/* ---- Types of the model ---- */

typedef SaUint64T SaAmfHandleT;

/* How a process that is passively monitored may end. */
typedef SaUint32T SaAmfPmErrorsT;
#define SA_AMF_PM_ZERO_EXIT 0x1
#define SA_AMF_PM_NON_ZERO_EXIT 0x2
#define SA_AMF_PM_ABNORMAL_END 0x4

typedef enum {
    SA_AMF_PM_PROC = 1,
    SA_AMF_PM_PROC_AND_DESCENDENTS = 2,
    SA_AMF_PM_ALL_PROCESSES = 3
} SaAmfPmStopQualifierT;

typedef enum {
    SA_AMF_HEALTHCHECK_AMF_INVOKED = 1,
    SA_AMF_HEALTHCHECK_COMPONENT_INVOKED = 2
} SaAmfHealthcheckInvocationT;

#define SA_AMF_HEALTHCHECK_KEY_MAX 32

typedef struct {
    SaUint8T key[SA_AMF_HEALTHCHECK_KEY_MAX];
    SaUint16T keyLen;
} SaAmfHealthcheckKeyT;

typedef enum {
    SA_AMF_HA_ACTIVE = 1,
    SA_AMF_HA_STANDBY = 2,
    SA_AMF_HA_QUIESCED = 3,
    SA_AMF_HA_QUIESCING = 4
} SaAmfHAStateT;

typedef enum {
    SA_AMF_READINESS_OUT_OF_SERVICE = 1,
    SA_AMF_READINESS_IN_SERVICE = 2,
    SA_AMF_READINESS_STOPPING = 3
} SaAmfReadinessStateT;

typedef enum {
    SA_AMF_PRESENCE_UNINSTANTIATED = 1,
    SA_AMF_PRESENCE_INSTANTIATING = 2,
    SA_AMF_PRESENCE_INSTANTIATED = 3,
    SA_AMF_PRESENCE_TERMINATING = 4,
    SA_AMF_PRESENCE_RESTARTING = 5,
    SA_AMF_PRESENCE_INSTANTIATION_FAILED = 6,
    SA_AMF_PRESENCE_TERMINATION_FAILED = 7
} SaAmfPresenceStateT;

typedef enum {
    SA_AMF_OPERATIONAL_ENABLED = 1,
    SA_AMF_OPERATIONAL_DISABLED = 2
} SaAmfOperationalStateT;

typedef enum {
    SA_AMF_ADMIN_UNLOCKED = 1,
    SA_AMF_ADMIN_LOCKED = 2,
    SA_AMF_ADMIN_LOCKED_INSTANTIATION = 3,
    SA_AMF_ADMIN_SHUTTING_DOWN = 4
} SaAmfAdminStateT;

typedef enum {
    SA_AMF_ASSIGNMENT_UNASSIGNED = 1,
    SA_AMF_ASSIGNMENT_FULLY_ASSIGNED = 2,
    SA_AMF_ASSIGNMENT_PARTIALLY_ASSIGNED = 3
} SaAmfAssignmentStateT;

typedef enum {
    SA_AMF_HARS_READY_FOR_ASSIGNMENT = 1,
    SA_AMF_HARS_READY_FOR_ACTIVE_DEGRADED = 2,
    SA_AMF_HARS_NOT_READY_FOR_ACTIVE = 3,
    SA_AMF_HARS_NOT_READY_FOR_ASSIGNMENT = 4
} SaAmfHAReadinessStateT;

typedef enum {
    SA_AMF_PROXY_STATUS_UNPROXIED = 1,
    SA_AMF_PROXY_STATUS_PROXIED = 2
} SaAmfProxyStatusT;

/* Which state a notification tells of. */
typedef enum {
    SA_AMF_READINESS_STATE = 1,
    SA_AMF_HA_STATE = 2,
    SA_AMF_PRESENCE_STATE = 3,
    SA_AMF_OP_STATE = 4,
    SA_AMF_ADMIN_STATE = 5,
    SA_AMF_ASSIGNMENT_STATE = 6,
    SA_AMF_PROXY_STATUS = 7,
    SA_AMF_HA_READINESS_STATE = 8
} SaAmfStateT;

typedef enum {
    SA_AMF_NO_RECOMMENDATION = 1,
    SA_AMF_COMPONENT_RESTART = 2,
    SA_AMF_COMPONENT_FAILOVER = 3,
    SA_AMF_NODE_SWITCHOVER = 4,
    SA_AMF_NODE_FAILOVER = 5,
    SA_AMF_NODE_FAILFAST = 6,
    SA_AMF_CLUSTER_RESET = 7,
    SA_AMF_APPLICATION_RESTART = 8,
    SA_AMF_CONTAINER_RESTART = 9
} SaAmfRecommendedRecoveryT;

typedef SaUint32T SaAmfCompCategoryT;
#define SA_AMF_COMP_SA_AWARE 0x0001
#define SA_AMF_COMP_PROXY 0x0002
#define SA_AMF_COMP_PROXIED 0x0004
#define SA_AMF_COMP_LOCAL 0x0008
#define SA_AMF_COMP_CONTAINER 0x0010
#define SA_AMF_COMP_CONTAINED 0x0020
#define SA_AMF_COMP_PROXIED_NPI 0x0040

typedef enum {
    SA_AMF_2N_REDUNDANCY_MODEL = 1,
    SA_AMF_NPM_REDUNDANCY_MODEL = 2,
    SA_AMF_N_WAY_REDUNDANCY_MODEL = 3,
    SA_AMF_N_WAY_ACTIVE_REDUNDANCY_MODEL = 4,
    SA_AMF_NO_REDUNDANCY_MODEL = 5
} SaAmfRedundancyModelT;

typedef enum {
    SA_AMF_COMP_X_ACTIVE_AND_Y_STANDBY = 1,
    SA_AMF_COMP_X_ACTIVE_OR_Y_STANDBY = 2,
    SA_AMF_COMP_ONE_ACTIVE_OR_Y_STANDBY = 3,
    SA_AMF_COMP_ONE_ACTIVE_OR_ONE_STANDBY = 4,
    SA_AMF_COMP_X_ACTIVE = 5,
    SA_AMF_COMP_1_ACTIVE = 6,
    SA_AMF_COMP_NON_PRE_INSTANTIABLE = 7
} SaAmfCompCapabilityModelT;

/* ---- Notifications and administrative operations ---- */

typedef enum {
    SA_AMF_NODE_NAME = 1,
    SA_AMF_SI_NAME = 2,
    SA_AMF_MAINTENANCE_CAMPAIGN_DN = 3,
    SA_AMF_AI_RECOMMENDED_RECOVERY = 4,
    SA_AMF_AI_APPLIED_RECOVERY = 5
} SaAmfAdditionalInfoIdT;

typedef enum {
    /* alarms */
    SA_AMF_NTFID_COMP_INSTANTIATION_FAILED = 0x02,
    SA_AMF_NTFID_COMP_CLEANUP_FAILED = 0x03,
    SA_AMF_NTFID_CLUSTER_RESET = 0x04,
    SA_AMF_NTFID_SI_UNASSIGNED = 0x05,
    SA_AMF_NTFID_COMP_UNPROXIED = 0x06,
    /* changes of states */
    SA_AMF_NTFID_NODE_ADMIN_STATE = 0x065,
    SA_AMF_NTFID_SU_ADMIN_STATE = 0x066,
    SA_AMF_NTFID_SG_ADMIN_STATE = 0x067,
    SA_AMF_NTFID_SI_ADMIN_STATE = 0x068,
    SA_AMF_NTFID_APP_ADMIN_STATE = 0x069,
    SA_AMF_NTFID_CLUSTER_ADMIN_STATE = 0x06A,
    SA_AMF_NTFID_NODE_OP_STATE = 0x06B,
    SA_AMF_NTFID_SU_OP_STATE = 0x06C,
    SA_AMF_NTFID_SU_PRESENCE_STATE = 0x06D,
    SA_AMF_NTFID_SU_SI_HA_STATE = 0x06E,
    SA_AMF_NTFID_SI_ASSIGNMENT_STATE = 0x06F,
    SA_AMF_NTFID_COMP_PROXY_STATUS = 0x070,
    SA_AMF_NTFID_SU_SI_HA_READINESS_STATE = 0x071,
    /* others */
    SA_AMF_NTFID_ERROR_REPORT = 0x0191,
    SA_AMF_NTFID_ERROR_CLEAR = 0x0192
} SaAmfNotificationMinorIdT;

typedef enum {
    SA_AMF_ADMIN_UNLOCK = 1,
    SA_AMF_ADMIN_LOCK = 2,
    SA_AMF_ADMIN_LOCK_INSTANTIATION = 3,
    SA_AMF_ADMIN_UNLOCK_INSTANTIATION = 4,
    SA_AMF_ADMIN_SHUTDOWN = 5,
    SA_AMF_ADMIN_RESTART = 6,
    SA_AMF_ADMIN_SI_SWAP = 7,
    SA_AMF_ADMIN_SG_ADJUST = 8,
    SA_AMF_ADMIN_REPAIRED = 9,
    SA_AMF_ADMIN_EAM_START = 10,
    SA_AMF_ADMIN_EAM_STOP = 11
} SaAmfAdminOperationIdT;

/* ---- What a component is told of a CSI ---- */

typedef SaUint32T SaAmfCSIFlagsT;
#define SA_AMF_CSI_ADD_ONE 0X1
#define SA_AMF_CSI_TARGET_ONE 0X2
#define SA_AMF_CSI_TARGET_ALL 0X4

typedef enum {
    SA_AMF_CSI_NEW_ASSIGN = 1,
    SA_AMF_CSI_QUIESCED = 2,
    SA_AMF_CSI_NOT_QUIESCED = 3,
    SA_AMF_CSI_STILL_ACTIVE = 4
} SaAmfCSITransitionDescriptorT;

typedef struct {
    SaAmfCSITransitionDescriptorT transitionDescriptor;
    SaNameT activeCompName;
} SaAmfCSIActiveDescriptorT;

typedef struct {
    SaNameT activeCompName;
    SaUint32T standbyRank;
} SaAmfCSIStandbyDescriptorT;

/* activeDescriptor with SA_AMF_HA_ACTIVE, standbyDescriptor with SA_AMF_HA_STANDBY. */
typedef union {
    SaAmfCSIActiveDescriptorT activeDescriptor;
    SaAmfCSIStandbyDescriptorT standbyDescriptor;
} SaAmfCSIStateDescriptorT;

typedef struct {
    SaUint8T *attrName;
    SaUint8T *attrValue;
} SaAmfCSIAttributeT;

typedef struct {
    SaAmfCSIAttributeT *attr;
    SaUint32T number;
} SaAmfCSIAttributeListT;

typedef struct {
    SaAmfCSIFlagsT csiFlags;
    SaNameT csiName;
    SaAmfCSIStateDescriptorT csiStateDescriptor;
    SaAmfCSIAttributeListT csiAttr;
} SaAmfCSIDescriptorT;

/* ---- Protection groups ---- */

typedef enum {
    SA_AMF_PROTECTION_GROUP_NO_CHANGE = 1,
    SA_AMF_PROTECTION_GROUP_ADDED = 2,
    SA_AMF_PROTECTION_GROUP_REMOVED = 3,
    SA_AMF_PROTECTION_GROUP_STATE_CHANGE = 4
} SaAmfProtectionGroupChangesT;

typedef struct {
    SaNameT compName;
    SaAmfHAStateT haState;
    SaUint32T rank;
} SaAmfProtectionGroupMemberT;

typedef struct {
    SaAmfProtectionGroupMemberT member;
    SaAmfProtectionGroupChangesT change;
} SaAmfProtectionGroupNotificationT;

typedef struct {
    SaUint32T numberOfItems;
    SaAmfProtectionGroupNotificationT *notification;
} SaAmfProtectionGroupNotificationBufferT;

typedef struct {
    SaNameT compName;
    SaAmfHAStateT haState;
    SaAmfHAReadinessStateT haReadinessState;
    SaUint32T rank;
} SaAmfProtectionGroupMemberT_4;

typedef struct {
    SaAmfProtectionGroupMemberT_4 member;
    SaAmfProtectionGroupChangesT change;
} SaAmfProtectionGroupNotificationT_4;

typedef struct {
    SaUint32T numberOfItems;
    SaAmfProtectionGroupNotificationT_4 *notification;
} SaAmfProtectionGroupNotificationBufferT_4;

/* ---- Callbacks ---- */

typedef void (*SaAmfHealthcheckCallbackT)(SaInvocationT invocation, const SaNameT *compName,
                                          SaAmfHealthcheckKeyT *healthcheckKey);

typedef void (*SaAmfComponentTerminateCallbackT)(SaInvocationT invocation, const SaNameT *compName);

typedef void (*SaAmfCSISetCallbackT)(SaInvocationT invocation, const SaNameT *compName, SaAmfHAStateT haState,
                                     SaAmfCSIDescriptorT csiDescriptor);

typedef void (*SaAmfCSIRemoveCallbackT)(SaInvocationT invocation, const SaNameT *compName, const SaNameT *csiName,
                                        SaAmfCSIFlagsT csiFlags);

typedef void (*SaAmfProtectionGroupTrackCallbackT)(const SaNameT *csiName,
                                                   SaAmfProtectionGroupNotificationBufferT *notificationBuffer,
                                                   SaUint32T numberOfMembers, SaAisErrorT error);

typedef void (*SaAmfProtectionGroupTrackCallbackT_4)(const SaNameT *csiName,
                                                     SaAmfProtectionGroupNotificationBufferT_4 *notificationBuffer,
                                                     SaUint32T numberOfMembers, SaAisErrorT error);

typedef void (*SaAmfProxiedComponentInstantiateCallbackT)(SaInvocationT invocation, const SaNameT *proxiedCompName);

typedef void (*SaAmfProxiedComponentCleanupCallbackT)(SaInvocationT invocation, const SaNameT *proxiedCompName);

typedef void (*SaAmfContainedComponentInstantiateCallbackT)(SaInvocationT invocation,
                                                            const SaNameT *containedCompName);

typedef void (*SaAmfContainedComponentCleanupCallbackT)(SaInvocationT invocation, const SaNameT *containedCompName);

/* OpenSAF's: the attributes of a CSI that the component has were changed. Answered with saAmfResponse. */
typedef void (*OsafCsiAttributeChangeCallbackT)(SaInvocationT invocation, const SaNameT *csiName,
                                                SaAmfCSIAttributeListT csiAttr);

typedef struct {
    SaAmfHealthcheckCallbackT saAmfHealthcheckCallback;
    SaAmfComponentTerminateCallbackT saAmfComponentTerminateCallback;
    SaAmfCSISetCallbackT saAmfCSISetCallback;
    SaAmfCSIRemoveCallbackT saAmfCSIRemoveCallback;
    SaAmfProtectionGroupTrackCallbackT saAmfProtectionGroupTrackCallback;
    SaAmfProxiedComponentInstantiateCallbackT saAmfProxiedComponentInstantiateCallback;
    SaAmfProxiedComponentCleanupCallbackT saAmfProxiedComponentCleanupCallback;
} SaAmfCallbacksT;

typedef struct {
    SaAmfHealthcheckCallbackT saAmfHealthcheckCallback;
    SaAmfComponentTerminateCallbackT saAmfComponentTerminateCallback;
    SaAmfCSISetCallbackT saAmfCSISetCallback;
    SaAmfCSIRemoveCallbackT saAmfCSIRemoveCallback;
    SaAmfProtectionGroupTrackCallbackT saAmfProtectionGroupTrackCallback;
    SaAmfProxiedComponentInstantiateCallbackT saAmfProxiedComponentInstantiateCallback;
    SaAmfProxiedComponentCleanupCallbackT saAmfProxiedComponentCleanupCallback;
    SaAmfContainedComponentInstantiateCallbackT saAmfContainedComponentInstantiateCallback;
    SaAmfContainedComponentCleanupCallbackT saAmfContainedComponentCleanupCallback;
} SaAmfCallbacksT_3;

typedef struct {
    SaAmfHealthcheckCallbackT saAmfHealthcheckCallback;
    SaAmfComponentTerminateCallbackT saAmfComponentTerminateCallback;
    SaAmfCSISetCallbackT saAmfCSISetCallback;
    SaAmfCSIRemoveCallbackT saAmfCSIRemoveCallback;
    SaAmfProtectionGroupTrackCallbackT_4 saAmfProtectionGroupTrackCallback;
    SaAmfProxiedComponentInstantiateCallbackT saAmfProxiedComponentInstantiateCallback;
    SaAmfProxiedComponentCleanupCallbackT saAmfProxiedComponentCleanupCallback;
    SaAmfContainedComponentInstantiateCallbackT saAmfContainedComponentInstantiateCallback;
    SaAmfContainedComponentCleanupCallbackT saAmfContainedComponentCleanupCallback;
} SaAmfCallbacksT_4;

typedef struct {
    SaAmfHealthcheckCallbackT saAmfHealthcheckCallback;
    SaAmfComponentTerminateCallbackT saAmfComponentTerminateCallback;
    SaAmfCSISetCallbackT saAmfCSISetCallback;
    SaAmfCSIRemoveCallbackT saAmfCSIRemoveCallback;
    SaAmfProtectionGroupTrackCallbackT_4 saAmfProtectionGroupTrackCallback;
    SaAmfProxiedComponentInstantiateCallbackT saAmfProxiedComponentInstantiateCallback;
    SaAmfProxiedComponentCleanupCallbackT saAmfProxiedComponentCleanupCallback;
    SaAmfContainedComponentInstantiateCallbackT saAmfContainedComponentInstantiateCallback;
    SaAmfContainedComponentCleanupCallbackT saAmfContainedComponentCleanupCallback;
    OsafCsiAttributeChangeCallbackT osafCsiAttributeChangeCallback;
} SaAmfCallbacksT_o4;

/* ---- Life of a handle ---- */

extern SaAisErrorT saAmfInitialize(SaAmfHandleT *amfHandle, const SaAmfCallbacksT *amfCallbacks, SaVersionT *version);

extern SaAisErrorT saAmfInitialize_3(SaAmfHandleT *amfHandle, const SaAmfCallbacksT_3 *amfCallbacks,
                                     SaVersionT *version);

extern SaAisErrorT saAmfInitialize_4(SaAmfHandleT *amfHandle, const SaAmfCallbacksT_4 *amfCallbacks,
                                     SaVersionT *version);

extern SaAisErrorT saAmfInitialize_o4(SaAmfHandleT *amfHandle, const SaAmfCallbacksT_o4 *amfCallbacks,
                                      SaVersionT *version);

extern SaAisErrorT saAmfSelectionObjectGet(SaAmfHandleT amfHandle, SaSelectionObjectT *selectionObject);

extern SaAisErrorT saAmfDispatch(SaAmfHandleT amfHandle, SaDispatchFlagsT dispatchFlags);

extern SaAisErrorT saAmfFinalize(SaAmfHandleT amfHandle);

/* ---- Registration ---- */

extern SaAisErrorT saAmfComponentRegister(SaAmfHandleT amfHandle, const SaNameT *compName,
                                          const SaNameT *proxyCompName);

extern SaAisErrorT saAmfComponentUnregister(SaAmfHandleT amfHandle, const SaNameT *compName,
                                            const SaNameT *proxyCompName);

extern SaAisErrorT saAmfComponentNameGet(SaAmfHandleT amfHandle, SaNameT *compName);

/* ---- Passive monitoring ---- */

extern SaAisErrorT saAmfPmStart(SaAmfHandleT amfHandle, const SaNameT *compName, SaUint64T processId,
                                SaInt32T descendentsTreeDepth, SaAmfPmErrorsT pmErrors,
                                SaAmfRecommendedRecoveryT recommendedRecovery);

extern SaAisErrorT saAmfPmStart_3(SaAmfHandleT amfHandle, const SaNameT *compName, SaInt64T processId,
                                  SaInt32T descendentsTreeDepth, SaAmfPmErrorsT pmErrors,
                                  SaAmfRecommendedRecoveryT recommendedRecovery);

extern SaAisErrorT saAmfPmStop(SaAmfHandleT amfHandle, const SaNameT *compName, SaAmfPmStopQualifierT stopQualifier,
                               SaInt64T processId, SaAmfPmErrorsT pmErrors);

/* ---- Healthchecks ---- */

extern SaAisErrorT saAmfHealthcheckStart(SaAmfHandleT amfHandle, const SaNameT *compName,
                                         const SaAmfHealthcheckKeyT *healthcheckKey,
                                         SaAmfHealthcheckInvocationT invocationType,
                                         SaAmfRecommendedRecoveryT recommendedRecovery);

extern SaAisErrorT saAmfHealthcheckConfirm(SaAmfHandleT amfHandle, const SaNameT *compName,
                                           const SaAmfHealthcheckKeyT *healthcheckKey, SaAisErrorT healthcheckResult);

extern SaAisErrorT saAmfHealthcheckStop(SaAmfHandleT amfHandle, const SaNameT *compName,
                                        const SaAmfHealthcheckKeyT *healthcheckKey);

/* ---- HA states ---- */

extern SaAisErrorT saAmfCSIQuiescingComplete(SaAmfHandleT amfHandle, SaInvocationT invocation, SaAisErrorT error);

extern SaAisErrorT saAmfHAReadinessStateSet(SaAmfHandleT amfHandle, const SaNameT *compName, const SaNameT *csiName,
                                            SaAmfHAReadinessStateT haReadinessState,
                                            SaNtfCorrelationIdsT *correlationIds);

extern SaAisErrorT saAmfHAStateGet(SaAmfHandleT amfHandle, const SaNameT *compName, const SaNameT *csiName,
                                   SaAmfHAStateT *haState);

/* ---- Protection groups ---- */

extern SaAisErrorT saAmfProtectionGroupTrack(SaAmfHandleT amfHandle, const SaNameT *csiName, SaUint8T trackFlags,
                                             SaAmfProtectionGroupNotificationBufferT *notificationBuffer);

extern SaAisErrorT saAmfProtectionGroupTrack_4(SaAmfHandleT amfHandle, const SaNameT *csiName, SaUint8T trackFlags,
                                               SaAmfProtectionGroupNotificationBufferT_4 *notificationBuffer);

extern SaAisErrorT saAmfProtectionGroupTrackStop(SaAmfHandleT amfHandle, const SaNameT *csiName);

extern SaAisErrorT saAmfProtectionGroupNotificationFree(SaAmfHandleT amfHandle,
                                                        SaAmfProtectionGroupNotificationT *notification);

extern SaAisErrorT saAmfProtectionGroupNotificationFree_4(SaAmfHandleT amfHandle,
                                                          SaAmfProtectionGroupNotificationT_4 *notification);

/* ---- Errors ---- */

extern SaAisErrorT saAmfComponentErrorReport(SaAmfHandleT amfHandle, const SaNameT *erroneousComponent,
                                             SaTimeT errorDetectionTime,
                                             SaAmfRecommendedRecoveryT recommendedRecovery,
                                             SaNtfIdentifierT ntfIdentifier);

extern SaAisErrorT saAmfComponentErrorReport_4(SaAmfHandleT amfHandle, const SaNameT *erroneousComponent,
                                               SaTimeT errorDetectionTime,
                                               SaAmfRecommendedRecoveryT recommendedRecovery,
                                               SaNtfCorrelationIdsT *correlationIds);

extern SaAisErrorT saAmfCorrelationIdsGet(SaAmfHandleT amfHandle, SaInvocationT invocation,
                                          SaNtfCorrelationIdsT *correlationIds);

extern SaAisErrorT saAmfComponentErrorClear(SaAmfHandleT amfHandle, const SaNameT *compName,
                                            SaNtfIdentifierT ntfIdentifier);

extern SaAisErrorT saAmfComponentErrorClear_4(SaAmfHandleT amfHandle, const SaNameT *compName,
                                              SaNtfCorrelationIdsT *correlationIds);

/* ---- Answers to callbacks ---- */

extern SaAisErrorT saAmfResponse(SaAmfHandleT amfHandle, SaInvocationT invocation, SaAisErrorT error);

extern SaAisErrorT saAmfResponse_4(SaAmfHandleT amfHandle, SaInvocationT invocation,
                                   SaNtfCorrelationIdsT *correlationIds, SaAisErrorT error);

/* ---- OpenSAF's: whether there is a director ---- */

typedef enum {
    OSAF_AMF_SC_PRESENT = 1,
    OSAF_AMF_SC_ABSENT = 2
} OsafAmfSCStatusT;

typedef void (*OsafAmfSCStatusChangeCallbackT)(OsafAmfSCStatusT status);

/* With a handle the callback comes through saAmfDispatch; with 0 it comes on a thread of the library. */
extern SaAisErrorT osafAmfInstallSCStatusChangeCallback(SaAmfHandleT amfHandle,
                                                        OsafAmfSCStatusChangeCallbackT callback);

#ifdef __cplusplus
}
#endif

#endif /* _SA_AMF_H */
