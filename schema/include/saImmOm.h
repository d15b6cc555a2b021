/*
 * saImmOm.h: object management of the information model service (SAI-AIS-IMM-A.02.01, and OpenSAF's additions up to
 * A.02.18; the minor version that brought an addition stands beside it).
 *
 * The declarations are the standard's; they are restated here for programs of the Perdure project's libraries.
 * Link with -lSaImmOm.
 */
#ifndef _SA_IMM_OM_H
#define _SA_IMM_OM_H

#include <saImm.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef SaUint64T SaImmHandleT;
typedef SaUint64T SaImmAdminOwnerHandleT;
typedef SaUint64T SaImmCcbHandleT;
typedef SaUint64T SaImmSearchHandleT;
typedef SaUint64T SaImmAccessorHandleT;

/* The answer to an asynchronous administrative operation. `operationReturnValue` is the implementer's, `error` the
 * call's. */
typedef void (*SaImmOmAdminOperationInvokeCallbackT)(SaInvocationT invocation, SaAisErrorT operationReturnValue,
						     SaAisErrorT error);

typedef struct {
	SaImmOmAdminOperationInvokeCallbackT saImmOmAdminOperationInvokeCallback;
} SaImmCallbacksT;

/* A.02.11: with the implementer's parameters, which live as long as the callback runs. */
typedef void (*SaImmOmAdminOperationInvokeCallbackT_o2)(SaInvocationT invocation, SaAisErrorT operationReturnValue,
							SaAisErrorT error,
							const SaImmAdminOperationParamsT_2 **returnParams);

typedef struct {
	SaImmOmAdminOperationInvokeCallbackT_o2 saImmOmAdminOperationInvokeCallback;
} SaImmCallbacksT_o2;

/* Attributes that every object has. */
#define SA_IMM_ATTR_CLASS_NAME "SaImmAttrClassName"
#define SA_IMM_ATTR_ADMIN_OWNER_NAME "SaImmAttrAdminOwnerName"
#define SA_IMM_ATTR_IMPLEMENTER_NAME "SaImmAttrImplementerName"
#define SA_IMM_ATTR_APPLIER_NAME "saImmAttrApplierName" /* A.02.12, reserved */

/* Additions to SaImmAttrFlagsT. */
#define SA_IMM_ATTR_NO_DUPLICATES 0x0000000001000000   /* A.02.12 */
#define SA_IMM_ATTR_NOTIFY 0x0000000002000000          /* A.02.12 */
#define SA_IMM_ATTR_NO_DANGLING 0x0000000004000000     /* A.02.13 */
#define SA_IMM_ATTR_DN 0x0000000008000000              /* A.02.15 */
#define SA_IMM_ATTR_DEFAULT_REMOVED 0x0000000010000000 /* A.02.16 */
#define SA_IMM_ATTR_STRONG_DEFAULT 0x0000000020000000  /* A.02.17 */

/* Additions to SaImmSearchOptionsT. */
#define SA_IMM_SEARCH_GET_CONFIG_ATTR 0x0000000000010000            /* A.02.12 */
#define SA_IMM_SEARCH_NO_DANGLING_DEPENDENTS 0x0000000100000000ull /* A.02.13 */

/* Addition to SaImmCcbFlagsT, A.02.11. */
#define SA_IMM_CCB_ALLOW_NULL_OI 0x0000000000000100

/* A.02.11: an administrative operation that goes by its name, which stands in a parameter; and the parameter in which
 * an implementer explains a refusal. */
#define SA_IMM_PARAM_ADMOP_ID_ESC 0x8000000000000000LL
#define SA_IMM_PARAM_ADMOP_NAME "SaImmAdminOperationName"
#define SA_IMM_PARAM_ADMOP_ERROR "SaImmAdminOperationError"

typedef enum {
	SA_IMM_KEEP_REPOSITORY = 1,
	SA_IMM_INIT_FROM_FILE = 2
} SaImmRepositoryInitModeT;

/* The library. */
extern SaAisErrorT saImmOmInitialize(SaImmHandleT *immHandle, const SaImmCallbacksT *immCallbacks,
				     SaVersionT *version);
extern SaAisErrorT saImmOmInitialize_o2(SaImmHandleT *immHandle, const SaImmCallbacksT_o2 *immCallbacks,
					SaVersionT *version);
extern SaAisErrorT saImmOmSelectionObjectGet(SaImmHandleT immHandle, SaSelectionObjectT *selectionObject);
extern SaAisErrorT saImmOmDispatch(SaImmHandleT immHandle, SaDispatchFlagsT dispatchFlags);
extern SaAisErrorT saImmOmFinalize(SaImmHandleT immHandle);

/* Classes. */
extern SaAisErrorT saImmOmClassCreate_2(SaImmHandleT immHandle, const SaImmClassNameT className,
					SaImmClassCategoryT classCategory,
					const SaImmAttrDefinitionT_2 **attrDefinitions);
extern SaAisErrorT saImmOmClassDescriptionGet_2(SaImmHandleT immHandle, const SaImmClassNameT className,
						SaImmClassCategoryT *classCategory,
						SaImmAttrDefinitionT_2 ***attrDefinitions);
extern SaAisErrorT saImmOmClassDescriptionMemoryFree_2(SaImmHandleT immHandle,
						       SaImmAttrDefinitionT_2 **attrDefinitions);
extern SaAisErrorT saImmOmClassDelete(SaImmHandleT immHandle, const SaImmClassNameT className);

/* Searching. What a call returns lives until the next call on the handle. */
extern SaAisErrorT saImmOmSearchInitialize_2(SaImmHandleT immHandle, const SaNameT *rootName, SaImmScopeT scope,
					     SaImmSearchOptionsT searchOptions,
					     const SaImmSearchParametersT_2 *searchParam,
					     const SaImmAttrNameT *attributeNames, SaImmSearchHandleT *searchHandle);
extern SaAisErrorT saImmOmSearchInitialize_o3(SaImmHandleT immHandle, SaConstStringT rootName, SaImmScopeT scope,
					      SaImmSearchOptionsT searchOptions,
					      const SaImmSearchParametersT_2 *searchParam,
					      const SaImmAttrNameT *attributeNames, SaImmSearchHandleT *searchHandle);
extern SaAisErrorT saImmOmSearchNext_2(SaImmSearchHandleT searchHandle, SaNameT *objectName,
				       SaImmAttrValuesT_2 ***attributes);
extern SaAisErrorT saImmOmSearchNext_o3(SaImmSearchHandleT searchHandle, SaStringT *objectName,
					SaImmAttrValuesT_2 ***attributes);
extern SaAisErrorT saImmOmSearchFinalize(SaImmSearchHandleT searchHandle);

/* Reading one object. What a call returns lives until the next call on the handle. */
extern SaAisErrorT saImmOmAccessorInitialize(SaImmHandleT immHandle, SaImmAccessorHandleT *accessorHandle);
extern SaAisErrorT saImmOmAccessorGet_2(SaImmAccessorHandleT accessorHandle, const SaNameT *objectName,
					const SaImmAttrNameT *attributeNames, SaImmAttrValuesT_2 ***attributes);
extern SaAisErrorT saImmOmAccessorGet_o3(SaImmAccessorHandleT accessorHandle, SaConstStringT objectName,
					 const SaImmAttrNameT *attributeNames, SaImmAttrValuesT_2 ***attributes);
extern SaAisErrorT saImmOmAccessorFinalize(SaImmAccessorHandleT accessorHandle);

/* Owning objects. */
extern SaAisErrorT saImmOmAdminOwnerInitialize(SaImmHandleT immHandle, const SaImmAdminOwnerNameT adminOwnerName,
					       SaBoolT releaseOwnershipOnFinalize, SaImmAdminOwnerHandleT *ownerHandle);
extern SaAisErrorT saImmOmAdminOwnerSet(SaImmAdminOwnerHandleT ownerHandle, const SaNameT **objectNames,
					SaImmScopeT scope);
extern SaAisErrorT saImmOmAdminOwnerSet_o3(SaImmAdminOwnerHandleT ownerHandle, SaConstStringT *objectNames,
					   SaImmScopeT scope);
extern SaAisErrorT saImmOmAdminOwnerRelease(SaImmAdminOwnerHandleT ownerHandle, const SaNameT **objectNames,
					    SaImmScopeT scope);
extern SaAisErrorT saImmOmAdminOwnerRelease_o3(SaImmAdminOwnerHandleT ownerHandle, SaConstStringT *objectNames,
					       SaImmScopeT scope);
extern SaAisErrorT saImmOmAdminOwnerFinalize(SaImmAdminOwnerHandleT ownerHandle);
extern SaAisErrorT saImmOmAdminOwnerClear(SaImmHandleT immHandle, const SaNameT **objectNames, SaImmScopeT scope);
extern SaAisErrorT saImmOmAdminOwnerClear_o3(SaImmHandleT immHandle, SaConstStringT *objectNames, SaImmScopeT scope);

/* Changing configuration: all of a CCB or nothing. */
extern SaAisErrorT saImmOmCcbInitialize(SaImmAdminOwnerHandleT ownerHandle, SaImmCcbFlagsT ccbFlags,
					SaImmCcbHandleT *ccbHandle);
extern SaAisErrorT saImmOmCcbObjectCreate_2(SaImmCcbHandleT ccbHandle, const SaImmClassNameT className,
					    const SaNameT *parentName, const SaImmAttrValuesT_2 **attrValues);
extern SaAisErrorT saImmOmCcbObjectCreate_o3(SaImmCcbHandleT ccbHandle, const SaImmClassNameT className,
					     SaConstStringT objectName, const SaImmAttrValuesT_2 **attrValues);
extern SaAisErrorT saImmOmCcbObjectDelete(SaImmCcbHandleT ccbHandle, const SaNameT *objectName);
extern SaAisErrorT saImmOmCcbObjectDelete_o3(SaImmCcbHandleT ccbHandle, SaConstStringT objectName);
extern SaAisErrorT saImmOmCcbObjectModify_2(SaImmCcbHandleT ccbHandle, const SaNameT *objectName,
					    const SaImmAttrModificationT_2 **attrMods);
extern SaAisErrorT saImmOmCcbObjectModify_o3(SaImmCcbHandleT ccbHandle, SaConstStringT objectName,
					     const SaImmAttrModificationT_2 **attrMods);
extern SaAisErrorT saImmOmCcbApply(SaImmCcbHandleT ccbHandle);
extern SaAisErrorT saImmOmCcbFinalize(SaImmCcbHandleT ccbHandle);
extern SaAisErrorT saImmOmCcbGetErrorStrings(SaImmCcbHandleT ccbHandle, const SaStringT **errorStrings); /* A.02.11 */
extern SaAisErrorT saImmOmCcbValidate(SaImmCcbHandleT ccbHandle);                                       /* A.02.14 */
extern SaAisErrorT saImmOmCcbAbort(SaImmCcbHandleT ccbHandle);                                          /* A.02.14 */
extern SaAisErrorT saImmOmCcbObjectRead(SaImmCcbHandleT ccbHandle, SaConstStringT objectName,
					const SaImmAttrNameT *attributeNames,
					SaImmAttrValuesT_2 ***attributes); /* A.02.17 */

/* Administrative operations. */
extern SaAisErrorT saImmOmAdminOperationInvoke_2(SaImmAdminOwnerHandleT ownerHandle, const SaNameT *objectName,
						 SaImmContinuationIdT continuationId,
						 SaImmAdminOperationIdT operationId,
						 const SaImmAdminOperationParamsT_2 **params,
						 SaAisErrorT *operationReturnValue, SaTimeT timeout);
extern SaAisErrorT saImmOmAdminOperationInvoke_o2(SaImmAdminOwnerHandleT ownerHandle, const SaNameT *objectName,
						  SaImmContinuationIdT continuationId,
						  SaImmAdminOperationIdT operationId,
						  const SaImmAdminOperationParamsT_2 **params,
						  SaAisErrorT *operationReturnValue, SaTimeT timeout,
						  SaImmAdminOperationParamsT_2 ***returnParams);
extern SaAisErrorT saImmOmAdminOperationInvoke_o3(SaImmAdminOwnerHandleT ownerHandle, SaConstStringT objectName,
						  SaImmContinuationIdT continuationId,
						  SaImmAdminOperationIdT operationId,
						  const SaImmAdminOperationParamsT_2 **params,
						  SaAisErrorT *operationReturnValue, SaTimeT timeout,
						  SaImmAdminOperationParamsT_2 ***returnParams);
extern SaAisErrorT saImmOmAdminOperationInvokeAsync_2(SaImmAdminOwnerHandleT ownerHandle, SaInvocationT invocation,
						      const SaNameT *objectName, SaImmContinuationIdT continuationId,
						      SaImmAdminOperationIdT operationId,
						      const SaImmAdminOperationParamsT_2 **params);
extern SaAisErrorT saImmOmAdminOperationInvokeAsync_o3(SaImmAdminOwnerHandleT ownerHandle, SaInvocationT invocation,
						       SaConstStringT objectName, SaImmContinuationIdT continuationId,
						       SaImmAdminOperationIdT operationId,
						       const SaImmAdminOperationParamsT_2 **params);
extern SaAisErrorT saImmOmAdminOperationContinue(SaImmAdminOwnerHandleT ownerHandle, const SaNameT *objectName,
						 SaImmContinuationIdT continuationId,
						 SaAisErrorT *operationReturnValue);
extern SaAisErrorT saImmOmAdminOperationContinue_o2(SaImmAdminOwnerHandleT ownerHandle, const SaNameT *objectName,
						    SaImmContinuationIdT continuationId,
						    SaAisErrorT *operationReturnValue,
						    SaImmAdminOperationParamsT_2 ***returnParams);
extern SaAisErrorT saImmOmAdminOperationContinue_o3(SaImmAdminOwnerHandleT ownerHandle, SaConstStringT objectName,
						    SaImmContinuationIdT continuationId,
						    SaAisErrorT *operationReturnValue,
						    SaImmAdminOperationParamsT_2 ***returnParams);
extern SaAisErrorT saImmOmAdminOperationContinueAsync(SaImmAdminOwnerHandleT ownerHandle, SaInvocationT invocation,
						      const SaNameT *objectName, SaImmContinuationIdT continuationId);
extern SaAisErrorT saImmOmAdminOperationContinueAsync_o3(SaImmAdminOwnerHandleT ownerHandle, SaInvocationT invocation,
							 SaConstStringT objectName,
							 SaImmContinuationIdT continuationId);
extern SaAisErrorT saImmOmAdminOperationContinuationClear(SaImmAdminOwnerHandleT ownerHandle,
							  const SaNameT *objectName,
							  SaImmContinuationIdT continuationId);
extern SaAisErrorT saImmOmAdminOperationContinuationClear_o3(SaImmAdminOwnerHandleT ownerHandle,
							     SaConstStringT objectName,
							     SaImmContinuationIdT continuationId);
extern SaAisErrorT saImmOmAdminOperationMemoryFree(SaImmAdminOwnerHandleT ownerHandle,
						   SaImmAdminOperationParamsT_2 **returnParams); /* A.02.11 */

#ifdef __cplusplus
}
#endif

#endif
