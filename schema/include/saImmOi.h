/*
 * saImmOi.h: object implementers of the information model service (SAI-AIS-IMM-A.02.01, and OpenSAF's additions up to
 * A.02.18; the minor version that brought an addition stands beside it).
 *
 * The declarations are the standard's; they are restated here for programs of the Perdure project's libraries.
 * Link with -lSaImmOi. saImmOiAugmentCcbInitialize also wants saImmOm.h included before, and -lSaImmOm.
 */
#ifndef _SA_IMM_OI_H
#define _SA_IMM_OI_H

#include <saImm.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef SaUint64T SaImmOiHandleT;
typedef SaStringT SaImmOiImplementerNameT;
typedef SaUint64T SaImmOiCcbIdT;

/* What the service asks an implementer; what is pointed to lives as long as the callback runs. */
typedef SaAisErrorT (*SaImmOiRtAttrUpdateCallbackT)(SaImmOiHandleT immOiHandle, const SaNameT *objectName,
						    const SaImmAttrNameT *attributeNames);
typedef SaAisErrorT (*SaImmOiCcbObjectCreateCallbackT_2)(SaImmOiHandleT immOiHandle, SaImmOiCcbIdT ccbId,
							 const SaImmClassNameT className, const SaNameT *parentName,
							 const SaImmAttrValuesT_2 **attr);
typedef SaAisErrorT (*SaImmOiCcbObjectDeleteCallbackT)(SaImmOiHandleT immOiHandle, SaImmOiCcbIdT ccbId,
						       const SaNameT *objectName);
typedef SaAisErrorT (*SaImmOiCcbObjectModifyCallbackT_2)(SaImmOiHandleT immOiHandle, SaImmOiCcbIdT ccbId,
							 const SaNameT *objectName,
							 const SaImmAttrModificationT_2 **attrMods);
typedef SaAisErrorT (*SaImmOiCcbCompletedCallbackT)(SaImmOiHandleT immOiHandle, SaImmOiCcbIdT ccbId);
typedef void (*SaImmOiCcbApplyCallbackT)(SaImmOiHandleT immOiHandle, SaImmOiCcbIdT ccbId);
typedef void (*SaImmOiCcbAbortCallbackT)(SaImmOiHandleT immOiHandle, SaImmOiCcbIdT ccbId);
typedef void (*SaImmOiAdminOperationCallbackT_2)(SaImmOiHandleT immOiHandle, SaInvocationT invocation,
						 const SaNameT *objectName, SaImmAdminOperationIdT operationId,
						 const SaImmAdminOperationParamsT_2 **params);

typedef struct {
	SaImmOiAdminOperationCallbackT_2 saImmOiAdminOperationCallback;
	SaImmOiCcbAbortCallbackT saImmOiCcbAbortCallback;
	SaImmOiCcbApplyCallbackT saImmOiCcbApplyCallback;
	SaImmOiCcbCompletedCallbackT saImmOiCcbCompletedCallback;
	SaImmOiCcbObjectCreateCallbackT_2 saImmOiCcbObjectCreateCallback;
	SaImmOiCcbObjectDeleteCallbackT saImmOiCcbObjectDeleteCallback;
	SaImmOiCcbObjectModifyCallbackT_2 saImmOiCcbObjectModifyCallback;
	SaImmOiRtAttrUpdateCallbackT saImmOiRtAttrUpdateCallback;
} SaImmOiCallbacksT_2;

/* A.02.15: the same with names as text. The create callback gets the object's own name. */
typedef SaAisErrorT (*SaImmOiRtAttrUpdateCallbackT_o3)(SaImmOiHandleT immOiHandle, SaConstStringT objectName,
						       const SaImmAttrNameT *attributeNames);
typedef SaAisErrorT (*SaImmOiCcbObjectCreateCallbackT_o3)(SaImmOiHandleT immOiHandle, SaImmOiCcbIdT ccbId,
							  const SaImmClassNameT className, SaConstStringT objectName,
							  const SaImmAttrValuesT_2 **attr);
typedef SaAisErrorT (*SaImmOiCcbObjectDeleteCallbackT_o3)(SaImmOiHandleT immOiHandle, SaImmOiCcbIdT ccbId,
							  SaConstStringT objectName);
typedef SaAisErrorT (*SaImmOiCcbObjectModifyCallbackT_o3)(SaImmOiHandleT immOiHandle, SaImmOiCcbIdT ccbId,
							  SaConstStringT objectName,
							  const SaImmAttrModificationT_2 **attrMods);
typedef void (*SaImmOiAdminOperationCallbackT_o3)(SaImmOiHandleT immOiHandle, SaInvocationT invocation,
						  SaConstStringT objectName, SaImmAdminOperationIdT operationId,
						  const SaImmAdminOperationParamsT_2 **params);

typedef struct {
	SaImmOiAdminOperationCallbackT_o3 saImmOiAdminOperationCallback;
	SaImmOiCcbAbortCallbackT saImmOiCcbAbortCallback;
	SaImmOiCcbApplyCallbackT saImmOiCcbApplyCallback;
	SaImmOiCcbCompletedCallbackT saImmOiCcbCompletedCallback;
	SaImmOiCcbObjectCreateCallbackT_o3 saImmOiCcbObjectCreateCallback;
	SaImmOiCcbObjectDeleteCallbackT_o3 saImmOiCcbObjectDeleteCallback;
	SaImmOiCcbObjectModifyCallbackT_o3 saImmOiCcbObjectModifyCallback;
	SaImmOiRtAttrUpdateCallbackT_o3 saImmOiRtAttrUpdateCallback;
} SaImmOiCallbacksT_o3;

/* The library. */
extern SaAisErrorT saImmOiInitialize_2(SaImmOiHandleT *immOiHandle, const SaImmOiCallbacksT_2 *immOiCallbacks,
				       SaVersionT *version);
extern SaAisErrorT saImmOiInitialize_o3(SaImmOiHandleT *immOiHandle, const SaImmOiCallbacksT_o3 *immOiCallbacks,
					SaVersionT *version);
extern SaAisErrorT saImmOiSelectionObjectGet(SaImmOiHandleT immOiHandle, SaSelectionObjectT *selectionObject);
extern SaAisErrorT saImmOiDispatch(SaImmOiHandleT immOiHandle, SaDispatchFlagsT dispatchFlags);
extern SaAisErrorT saImmOiFinalize(SaImmOiHandleT immOiHandle);

/* What is implemented. */
extern SaAisErrorT saImmOiImplementerSet(SaImmOiHandleT immOiHandle, const SaImmOiImplementerNameT implementerName);
extern SaAisErrorT saImmOiImplementerClear(SaImmOiHandleT immOiHandle);
extern SaAisErrorT saImmOiClassImplementerSet(SaImmOiHandleT immOiHandle, const SaImmClassNameT className);
extern SaAisErrorT saImmOiClassImplementerRelease(SaImmOiHandleT immOiHandle, const SaImmClassNameT className);
extern SaAisErrorT saImmOiObjectImplementerSet(SaImmOiHandleT immOiHandle, const SaNameT *objectName,
					       SaImmScopeT scope);
extern SaAisErrorT saImmOiObjectImplementerSet_o3(SaImmOiHandleT immOiHandle, SaConstStringT objectName,
						  SaImmScopeT scope);
extern SaAisErrorT saImmOiObjectImplementerRelease(SaImmOiHandleT immOiHandle, const SaNameT *objectName,
						   SaImmScopeT scope);
extern SaAisErrorT saImmOiObjectImplementerRelease_o3(SaImmOiHandleT immOiHandle, SaConstStringT objectName,
						      SaImmScopeT scope);

/* Runtime objects and attributes. */
extern SaAisErrorT saImmOiRtObjectCreate_2(SaImmOiHandleT immOiHandle, const SaImmClassNameT className,
					   const SaNameT *parentName, const SaImmAttrValuesT_2 **attrValues);
extern SaAisErrorT saImmOiRtObjectCreate_o3(SaImmOiHandleT immOiHandle, const SaImmClassNameT className,
					    SaConstStringT objectName, const SaImmAttrValuesT_2 **attrValues);
extern SaAisErrorT saImmOiRtObjectDelete(SaImmOiHandleT immOiHandle, const SaNameT *objectName);
extern SaAisErrorT saImmOiRtObjectDelete_o3(SaImmOiHandleT immOiHandle, SaConstStringT objectName);
extern SaAisErrorT saImmOiRtObjectUpdate_2(SaImmOiHandleT immOiHandle, const SaNameT *objectName,
					   const SaImmAttrModificationT_2 **attrMods);
extern SaAisErrorT saImmOiRtObjectUpdate_o3(SaImmOiHandleT immOiHandle, SaConstStringT objectName,
					    const SaImmAttrModificationT_2 **attrMods);

/* Answers. */
extern SaAisErrorT saImmOiAdminOperationResult(SaImmOiHandleT immOiHandle, SaInvocationT invocation,
					       SaAisErrorT result);
extern SaAisErrorT saImmOiAdminOperationResult_o2(SaImmOiHandleT immOiHandle, SaInvocationT invocation,
						  SaAisErrorT result,
						  const SaImmAdminOperationParamsT_2 **returnParams); /* A.02.11 */
extern SaAisErrorT saImmOiCcbSetErrorString(SaImmOiHandleT immOiHandle, SaImmOiCcbIdT ccbId,
					    const SaStringT errorString); /* A.02.11 */

/* A.02.11: more operations for a CCB, within a callback about it. */
#ifdef _SA_IMM_OM_H
extern SaAisErrorT saImmOiAugmentCcbInitialize(SaImmOiHandleT immOiHandle, SaImmOiCcbIdT ccbId,
					       SaImmCcbHandleT *ccbHandle, SaImmAdminOwnerHandleT *ownerHandle);
#endif

#ifdef __cplusplus
}
#endif

#endif
