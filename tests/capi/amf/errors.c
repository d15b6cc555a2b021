/*
 * What each function of libSaAmf answers, right and wrong.
 *
 * An SA-aware component that is started by a node director. It writes a line for each answer that is not the expected
 * one, "checked" when all before the first callback was asked, a line for each callback, and "terminated" at its end.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <saAmf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static SaAmfHandleT own;
static SaNameT self;
static SaNameT csi;
static SaAmfHealthcheckKeyT key = {"Test", 4};
static SaAmfHealthcheckKeyT unknown_key = {"Nobody", 6};
static int checks;

static void say(const char *line)
{
    char path[512];
    snprintf(path, sizeof path, "%s/said", getenv("TEST_DIR"));
    FILE *file = fopen(path, "a");
    if (file == NULL)
        exit(3);
    fprintf(file, "%s\n", line);
    fclose(file);
}

static void check(int line, const char *what, SaAisErrorT expected, SaAisErrorT got)
{
    checks++;
    if (expected != got) {
        char text[256];
        snprintf(text, sizeof text, "FAILED line %d: %s: %d, expected %d", line, what, got, expected);
        say(text);
    }
}
#define CHECK(expected, call) check(__LINE__, #call, SA_AIS_##expected, call)

static SaNameT name_of(const char *text)
{
    SaNameT name = {0};
    name.length = (SaUint16T)strlen(text);
    memcpy(name.value, text, name.length);
    return name;
}

/* ---- callbacks ---- */

static void on_healthcheck(SaInvocationT invocation, const SaNameT *comp, SaAmfHealthcheckKeyT *asked)
{
    static int first = 1;
    if (first) {
        first = 0;
        CHECK(OK, memcmp(comp, &self, self.length + 2) == 0 ? SA_AIS_OK : SA_AIS_ERR_LIBRARY);
        CHECK(OK, asked->keyLen == 4 && memcmp(asked->key, "Test", 4) == 0 ? SA_AIS_OK : SA_AIS_ERR_LIBRARY);
        CHECK(ERR_INVALID_PARAM, saAmfCSIQuiescingComplete(own, invocation, SA_AIS_OK));
        CHECK(ERR_INVALID_PARAM, saAmfResponse_4(own, invocation, NULL, SA_AIS_ERR_TRY_AGAIN));
        say("healthy");
    }
    CHECK(OK, saAmfResponse_4(own, invocation, NULL, SA_AIS_OK));
    CHECK(ERR_NOT_EXIST, saAmfResponse_4(own, invocation, NULL, SA_AIS_OK));
}

static void on_terminate(SaInvocationT invocation, const SaNameT *comp)
{
    (void)comp;
    char text[64];
    snprintf(text, sizeof text, "terminated after %d checks", checks);
    say(checks > 100 ? "terminated" : text);
    CHECK(OK, saAmfResponse_4(own, invocation, NULL, SA_AIS_OK));
    exit(0);
}

static void on_csi_set(SaInvocationT invocation, const SaNameT *comp, SaAmfHAStateT state,
                       SaAmfCSIDescriptorT descriptor)
{
    SaAmfHAStateT now;
    SaNtfCorrelationIdsT ids = {0, 0, 0};
    (void)comp;
    if (state == SA_AMF_HA_ACTIVE) {
        CHECK(OK, descriptor.csiFlags == SA_AMF_CSI_ADD_ONE ? SA_AIS_OK : SA_AIS_ERR_LIBRARY);
        CHECK(OK, descriptor.csiStateDescriptor.activeDescriptor.transitionDescriptor == SA_AMF_CSI_NEW_ASSIGN
                      ? SA_AIS_OK
                      : SA_AIS_ERR_LIBRARY);
        CHECK(OK, descriptor.csiAttr.number == 2 ? SA_AIS_OK : SA_AIS_ERR_LIBRARY);
        CHECK(OK, strcmp((char *)descriptor.csiAttr.attr[1].attrValue, "there") == 0 ? SA_AIS_OK
                                                                                     : SA_AIS_ERR_LIBRARY);
        csi = descriptor.csiName;
        CHECK(ERR_NOT_EXIST, saAmfHAStateGet(own, &self, &csi, &now));
        /* With OK there is no cause. The director of this test knows of no notifications. */
        CHECK(ERR_INVALID_PARAM, saAmfResponse_4(own, invocation, &ids, SA_AIS_OK));
        CHECK(OK, saAmfCorrelationIdsGet(own, invocation, &ids));
        CHECK(ERR_INVALID_PARAM, saAmfCorrelationIdsGet(own, invocation, NULL));
        CHECK(OK, ids.rootCorrelationId == 0 && ids.parentCorrelationId == 0 ? SA_AIS_OK : SA_AIS_ERR_LIBRARY);
        CHECK(ERR_INVALID_PARAM, saAmfResponse_4(own, 0, NULL, SA_AIS_OK));
        CHECK(OK, saAmfResponse(own, invocation, SA_AIS_OK));
        CHECK(ERR_NOT_EXIST, saAmfCorrelationIdsGet(own, invocation, &ids));
        CHECK(OK, saAmfHAStateGet(own, &self, &csi, &now));
        CHECK(OK, now == SA_AMF_HA_ACTIVE ? SA_AIS_OK : SA_AIS_ERR_LIBRARY);
        say("active");
    } else if (state == SA_AMF_HA_QUIESCING) {
        CHECK(OK, saAmfResponse_4(own, invocation, NULL, SA_AIS_OK));
        CHECK(ERR_NOT_EXIST, saAmfResponse_4(own, invocation, NULL, SA_AIS_OK));
        CHECK(OK, saAmfHAStateGet(own, &self, &csi, &now));
        CHECK(OK, now == SA_AMF_HA_QUIESCING ? SA_AIS_OK : SA_AIS_ERR_LIBRARY);
        CHECK(ERR_INVALID_PARAM, saAmfCSIQuiescingComplete(own, invocation, SA_AIS_ERR_TRY_AGAIN));
        CHECK(ERR_INVALID_PARAM, saAmfCSIQuiescingComplete(own, 0, SA_AIS_OK));
        CHECK(ERR_NOT_EXIST, saAmfCSIQuiescingComplete(own, invocation + 1000, SA_AIS_OK));
        CHECK(OK, saAmfCSIQuiescingComplete(own, invocation, SA_AIS_OK));
        CHECK(ERR_NOT_EXIST, saAmfCSIQuiescingComplete(own, invocation, SA_AIS_OK));
        CHECK(OK, saAmfHAStateGet(own, &self, &csi, &now));
        CHECK(OK, now == SA_AMF_HA_QUIESCED ? SA_AIS_OK : SA_AIS_ERR_LIBRARY);
        say("quiesced");
    } else {
        CHECK(OK, saAmfResponse_4(own, invocation, NULL, SA_AIS_OK));
    }
}

static void on_csi_remove(SaInvocationT invocation, const SaNameT *comp, const SaNameT *name, SaAmfCSIFlagsT flags)
{
    SaAmfHAStateT now;
    (void)comp;
    CHECK(OK, (flags == SA_AMF_CSI_TARGET_ALL && name->length == 0) ||
                      (flags == SA_AMF_CSI_TARGET_ONE && name->length == csi.length)
                  ? SA_AIS_OK
                  : SA_AIS_ERR_LIBRARY);
    CHECK(OK, saAmfResponse_4(own, invocation, NULL, SA_AIS_OK));
    CHECK(ERR_NOT_EXIST, saAmfHAStateGet(own, &self, &csi, &now));
    say("removed");
}

static void on_attributes(SaInvocationT invocation, const SaNameT *name, SaAmfCSIAttributeListT list)
{
    (void)name;
    (void)list;
    CHECK(OK, saAmfResponse_4(own, invocation, NULL, SA_AIS_OK));
}

/* ---- what is asked ---- */

static void check_initialize(void)
{
    SaAmfHandleT handle;
    SaAmfCallbacksT callbacks = {0};
    SaAmfCallbacksT_4 callbacks_4 = {0};
    SaVersionT version = {'B', 1, 1}, none = {'A', 1, 1}, two = {'B', 2, 1}, four = {'B', 4, 1};
    SaSelectionObjectT first, second;
    CHECK(ERR_INVALID_PARAM, saAmfInitialize(NULL, &callbacks, &version));
    CHECK(ERR_INVALID_PARAM, saAmfInitialize(&handle, &callbacks, NULL));
    CHECK(ERR_VERSION, saAmfInitialize(&handle, &callbacks, &none));
    CHECK(OK, none.releaseCode == 'B' && none.majorVersion == 1 && none.minorVersion == 1 ? SA_AIS_OK
                                                                                            : SA_AIS_ERR_LIBRARY);
    CHECK(ERR_VERSION, saAmfInitialize(&handle, &callbacks, &two));
    CHECK(ERR_VERSION, saAmfInitialize_4(&handle, &callbacks_4, &version));
    version.majorVersion = 1;
    CHECK(ERR_INVALID_PARAM, saAmfInitialize_4(NULL, &callbacks_4, &four));
    CHECK(ERR_INVALID_PARAM, saAmfInitialize_4(&handle, &callbacks_4, NULL));
    CHECK(ERR_VERSION, saAmfInitialize_o4(&handle, NULL, &four));
    CHECK(OK, four.minorVersion == 2 ? SA_AIS_OK : SA_AIS_ERR_LIBRARY);

    SaVersionT three = {'B', 3, 1};
    SaAmfCallbacksT_3 callbacks_3 = {0};
    CHECK(ERR_VERSION, saAmfInitialize_3(&handle, &callbacks_3, &version));
    version.majorVersion = 1;
    CHECK(OK, saAmfInitialize_3(&handle, &callbacks_3, &three));
    CHECK(ERR_INVALID_PARAM, saAmfResponse(handle, 77, SA_AIS_OK));
    CHECK(ERR_VERSION, saAmfResponse_4(handle, 77, NULL, SA_AIS_OK));
    CHECK(OK, saAmfFinalize(handle));
    CHECK(OK, saAmfInitialize(&handle, NULL, &version));
    CHECK(ERR_INVALID_PARAM, saAmfSelectionObjectGet(handle, NULL));
    CHECK(OK, saAmfSelectionObjectGet(handle, &first));
    CHECK(OK, saAmfSelectionObjectGet(handle, &second));
    CHECK(OK, first == second ? SA_AIS_OK : SA_AIS_ERR_LIBRARY);
    CHECK(ERR_INVALID_PARAM, saAmfDispatch(handle, (SaDispatchFlagsT)0));
    CHECK(ERR_INVALID_PARAM, saAmfDispatch(handle, (SaDispatchFlagsT)4));
    CHECK(OK, saAmfDispatch(handle, SA_DISPATCH_ONE));
    CHECK(OK, saAmfDispatch(handle, SA_DISPATCH_ALL));
    CHECK(OK, saAmfFinalize(handle));
    CHECK(ERR_BAD_HANDLE, saAmfFinalize(handle));
    CHECK(ERR_BAD_HANDLE, saAmfDispatch(handle, SA_DISPATCH_ONE));
    CHECK(ERR_BAD_HANDLE, saAmfSelectionObjectGet(handle, &first));
}

static void check_bad_handles(SaAmfHandleT bad)
{
    SaNameT got;
    SaAmfHAStateT state;
    SaNtfCorrelationIdsT ids = {0, 0, 0};
    CHECK(ERR_BAD_HANDLE, saAmfFinalize(bad));
    CHECK(ERR_BAD_HANDLE, saAmfComponentRegister(bad, &self, NULL));
    CHECK(ERR_BAD_HANDLE, saAmfComponentUnregister(bad, &self, NULL));
    CHECK(ERR_BAD_HANDLE, saAmfComponentNameGet(bad, &got));
    CHECK(ERR_BAD_HANDLE, saAmfPmStart(bad, &self, 1, 0, 1, SA_AMF_NO_RECOMMENDATION));
    CHECK(ERR_BAD_HANDLE, saAmfPmStart_3(bad, &self, 1, 0, 1, SA_AMF_NO_RECOMMENDATION));
    CHECK(ERR_BAD_HANDLE, saAmfPmStop(bad, &self, SA_AMF_PM_PROC, 1, 1));
    CHECK(ERR_BAD_HANDLE, saAmfHealthcheckStart(bad, &self, &key, SA_AMF_HEALTHCHECK_AMF_INVOKED, 1));
    CHECK(ERR_BAD_HANDLE, saAmfHealthcheckConfirm(bad, &self, &key, SA_AIS_OK));
    CHECK(ERR_BAD_HANDLE, saAmfHealthcheckStop(bad, &self, &key));
    CHECK(ERR_BAD_HANDLE, saAmfCSIQuiescingComplete(bad, 1, SA_AIS_OK));
    CHECK(ERR_BAD_HANDLE, saAmfHAStateGet(bad, &self, &csi, &state));
    CHECK(ERR_BAD_HANDLE,
          saAmfHAReadinessStateSet(bad, &self, &csi, SA_AMF_HARS_READY_FOR_ASSIGNMENT, &ids));
    CHECK(ERR_BAD_HANDLE, saAmfProtectionGroupTrack(bad, &csi, SA_TRACK_CURRENT, NULL));
    CHECK(ERR_BAD_HANDLE, saAmfProtectionGroupTrack_4(bad, &csi, SA_TRACK_CURRENT, NULL));
    CHECK(ERR_BAD_HANDLE, saAmfProtectionGroupTrackStop(bad, &csi));
    CHECK(ERR_BAD_HANDLE, saAmfProtectionGroupNotificationFree(bad, NULL));
    CHECK(ERR_BAD_HANDLE, saAmfProtectionGroupNotificationFree_4(bad, NULL));
    CHECK(ERR_BAD_HANDLE, saAmfComponentErrorReport(bad, &self, 0, SA_AMF_NO_RECOMMENDATION, 0));
    CHECK(ERR_BAD_HANDLE, saAmfComponentErrorReport_4(bad, &self, 0, SA_AMF_NO_RECOMMENDATION, &ids));
    CHECK(ERR_BAD_HANDLE, saAmfCorrelationIdsGet(bad, 1, &ids));
    CHECK(ERR_BAD_HANDLE, saAmfComponentErrorClear(bad, &self, 0));
    CHECK(ERR_BAD_HANDLE, saAmfComponentErrorClear_4(bad, &self, &ids));
    CHECK(ERR_BAD_HANDLE, saAmfResponse(bad, 1, SA_AIS_OK));
    CHECK(ERR_BAD_HANDLE, saAmfResponse_4(bad, 1, NULL, SA_AIS_OK));
}

/* Arguments that are wrong are told of before the handle is looked at. */
static void check_arguments(void)
{
    SaNameT too_long = self;
    SaAmfHealthcheckKeyT no_key = {"", 0}, long_key = {"", SA_AMF_HEALTHCHECK_KEY_MAX + 1};
    SaAmfHAStateT state;
    too_long.length = 300;
    CHECK(ERR_INVALID_PARAM, saAmfComponentRegister(0, NULL, NULL));
    CHECK(ERR_INVALID_PARAM, saAmfComponentRegister(0, &too_long, NULL));
    CHECK(ERR_INVALID_PARAM, saAmfComponentRegister(0, &self, &too_long));
    CHECK(ERR_INVALID_PARAM, saAmfComponentUnregister(0, NULL, NULL));
    CHECK(ERR_INVALID_PARAM, saAmfComponentNameGet(0, NULL));
    CHECK(ERR_INVALID_PARAM, saAmfPmStart_3(0, NULL, 1, 0, 1, SA_AMF_NO_RECOMMENDATION));
    CHECK(ERR_INVALID_PARAM, saAmfPmStart_3(0, &self, 0, 0, 1, SA_AMF_NO_RECOMMENDATION));
    CHECK(ERR_INVALID_PARAM, saAmfPmStart_3(0, &self, 1, -2, 1, SA_AMF_NO_RECOMMENDATION));
    CHECK(ERR_INVALID_PARAM, saAmfPmStart_3(0, &self, 1, 0, 0, SA_AMF_NO_RECOMMENDATION));
    CHECK(ERR_INVALID_PARAM, saAmfPmStart_3(0, &self, 1, 0, 8, SA_AMF_NO_RECOMMENDATION));
    CHECK(ERR_INVALID_PARAM, saAmfPmStop(0, NULL, SA_AMF_PM_PROC, 1, 1));
    CHECK(ERR_INVALID_PARAM, saAmfPmStop(0, &self, (SaAmfPmStopQualifierT)0, 1, 1));
    CHECK(ERR_INVALID_PARAM, saAmfPmStop(0, &self, (SaAmfPmStopQualifierT)4, 1, 1));
    CHECK(ERR_INVALID_PARAM, saAmfPmStop(0, &self, SA_AMF_PM_PROC, 0, 1));
    CHECK(ERR_INVALID_PARAM, saAmfPmStop(0, &self, SA_AMF_PM_PROC, 1, 0));
    CHECK(ERR_INVALID_PARAM, saAmfHealthcheckStart(0, NULL, &key, SA_AMF_HEALTHCHECK_AMF_INVOKED, 1));
    CHECK(ERR_INVALID_PARAM, saAmfHealthcheckStart(0, &self, NULL, SA_AMF_HEALTHCHECK_AMF_INVOKED, 1));
    CHECK(ERR_INVALID_PARAM, saAmfHealthcheckStart(0, &self, &no_key, SA_AMF_HEALTHCHECK_AMF_INVOKED, 1));
    CHECK(ERR_INVALID_PARAM, saAmfHealthcheckStart(0, &self, &long_key, SA_AMF_HEALTHCHECK_AMF_INVOKED, 1));
    CHECK(ERR_INVALID_PARAM, saAmfHealthcheckStart(0, &self, &key, (SaAmfHealthcheckInvocationT)3, 1));
    CHECK(ERR_INVALID_PARAM, saAmfHealthcheckConfirm(0, &self, &key, SA_AIS_ERR_TRY_AGAIN));
    CHECK(ERR_INVALID_PARAM, saAmfHealthcheckConfirm(0, &self, NULL, SA_AIS_OK));
    CHECK(ERR_INVALID_PARAM, saAmfHealthcheckStop(0, NULL, &key));
    CHECK(ERR_INVALID_PARAM, saAmfHAStateGet(0, NULL, &self, &state));
    CHECK(ERR_INVALID_PARAM, saAmfHAStateGet(0, &self, NULL, &state));
    CHECK(ERR_INVALID_PARAM, saAmfHAStateGet(0, &self, &self, NULL));
    CHECK(ERR_INVALID_PARAM, saAmfProtectionGroupTrack(0, NULL, SA_TRACK_CURRENT, NULL));
    CHECK(ERR_BAD_FLAGS, saAmfProtectionGroupTrack(0, &self, 0, NULL));
    CHECK(ERR_BAD_FLAGS, saAmfProtectionGroupTrack(0, &self, SA_TRACK_CHANGES | SA_TRACK_CHANGES_ONLY, NULL));
    CHECK(ERR_INVALID_PARAM, saAmfProtectionGroupTrackStop(0, NULL));
    CHECK(ERR_INVALID_PARAM, saAmfComponentErrorReport(0, NULL, 0, SA_AMF_NO_RECOMMENDATION, 0));
    CHECK(ERR_INVALID_PARAM, saAmfComponentErrorClear(0, NULL, 0));
    CHECK(ERR_INVALID_PARAM, saAmfCorrelationIdsGet(0, 1, NULL));
    CHECK(ERR_INVALID_PARAM, saAmfResponse(0, 1, SA_AIS_ERR_TRY_AGAIN));
    CHECK(ERR_INVALID_PARAM, saAmfResponse(0, 0, SA_AIS_OK));
    CHECK(ERR_INVALID_PARAM, saAmfCSIQuiescingComplete(0, 1, SA_AIS_ERR_NOT_EXIST));
    CHECK(ERR_INVALID_PARAM, osafAmfInstallSCStatusChangeCallback(0, NULL));
}

/* Functions of one release on a handle of the other. */
static void check_releases(void)
{
    SaAmfHandleT old;
    SaVersionT version = {'B', 1, 1};
    SaNtfCorrelationIdsT ids = {0, 0, 0};
    SaAmfCallbacksT callbacks = {0};
    CHECK(OK, saAmfInitialize(&old, &callbacks, &version));
    CHECK(ERR_VERSION, saAmfResponse_4(old, 1, NULL, SA_AIS_OK));
    CHECK(ERR_VERSION, saAmfComponentErrorReport_4(old, &self, 0, SA_AMF_NO_RECOMMENDATION, &ids));
    CHECK(ERR_VERSION, saAmfComponentErrorClear_4(old, &self, &ids));
    CHECK(ERR_VERSION, saAmfCorrelationIdsGet(old, 1, &ids));
    CHECK(ERR_VERSION, saAmfProtectionGroupTrack_4(old, &csi, SA_TRACK_CURRENT, NULL));
    CHECK(ERR_VERSION, saAmfProtectionGroupNotificationFree_4(old, NULL));
    CHECK(ERR_VERSION, saAmfHAReadinessStateSet(old, &self, &csi, SA_AMF_HARS_READY_FOR_ASSIGNMENT, &ids));
    CHECK(ERR_VERSION, saAmfComponentUnregister(own, &self, NULL));
    /* B.01 knows fewer recoveries and says INVALID_PARAM where B.04 says ACCESS or NOT_EXIST. */
    CHECK(ERR_INVALID_PARAM, saAmfComponentErrorReport(old, &self, 0, SA_AMF_APPLICATION_RESTART, 0));
    CHECK(ERR_INVALID_PARAM, saAmfComponentErrorReport(old, &self, 0, (SaAmfRecommendedRecoveryT)0, 0));
    CHECK(ERR_INVALID_PARAM,
          saAmfHealthcheckStart(old, &self, &key, SA_AMF_HEALTHCHECK_COMPONENT_INVOKED, (SaAmfRecommendedRecoveryT)8));
    CHECK(ERR_INVALID_PARAM, saAmfResponse(old, 77, SA_AIS_OK));
    CHECK(ERR_INVALID_PARAM, saAmfCSIQuiescingComplete(old, 77, SA_AIS_OK));
    CHECK(ERR_INIT, saAmfComponentRegister(old, &self, NULL));
    CHECK(ERR_NOT_EXIST, saAmfComponentUnregister(old, &self, NULL));
    CHECK(ERR_INIT, saAmfHealthcheckStart(old, &self, &key, SA_AMF_HEALTHCHECK_AMF_INVOKED, 1));
    CHECK(ERR_INIT, saAmfProtectionGroupTrack(old, &self, SA_TRACK_CHANGES, NULL));
    CHECK(OK, saAmfFinalize(old));
}

/* What the node director has put into the environment. */
static void check_environment(void)
{
    SaNameT got;
    char name[512];
    snprintf(name, sizeof name, "%s", getenv("SA_AMF_COMPONENT_NAME"));
    unsetenv("SA_AMF_COMPONENT_NAME");
    CHECK(ERR_NOT_EXIST, saAmfComponentNameGet(own, &got));
    CHECK(ERR_LIBRARY, saAmfComponentRegister(own, &self, NULL));
    setenv("SA_AMF_COMPONENT_NAME", name, 1);
}

/* What one handle has begun is not another one's to end. */
static void check_another_handle(void)
{
    SaAmfHandleT old;
    SaVersionT version = {'B', 1, 1};
    CHECK(OK, saAmfInitialize(&old, NULL, &version));
    CHECK(ERR_BAD_HANDLE, saAmfComponentUnregister(old, &self, NULL));
    CHECK(OK, saAmfPmStart_3(own, &self, getpid(), 0, SA_AMF_PM_ABNORMAL_END, SA_AMF_COMPONENT_RESTART));
    /* Passive monitoring is nobody's own, for scripts ask and end: it is the component's. */
    CHECK(OK, saAmfPmStop(old, &self, SA_AMF_PM_PROC, getpid(), SA_AMF_PM_ABNORMAL_END));
    CHECK(ERR_NOT_EXIST, saAmfPmStop(own, &self, SA_AMF_PM_PROC, getpid(), SA_AMF_PM_ABNORMAL_END));
    CHECK(OK, saAmfFinalize(old));
}

static void check_own(void)
{
    SaNameT got, other = name_of("safComp=Other,safSu=SU1,safSg=G,safApp=A"), same_length = self;
    SaNtfCorrelationIdsT ids = {0, 0, 0}, used = {1, 0, 0};
    SaAmfHAStateT state;
    same_length.value[8] = '#';
    CHECK(OK, saAmfComponentNameGet(own, &got));
    CHECK(OK, got.length == self.length && memcmp(got.value, self.value, self.length) == 0 ? SA_AIS_OK
                                                                                            : SA_AIS_ERR_LIBRARY);
    CHECK(ERR_INVALID_PARAM, saAmfComponentRegister(own, &other, NULL));
    CHECK(ERR_BAD_OPERATION, saAmfComponentRegister(own, &same_length, NULL));
    CHECK(ERR_BAD_OPERATION, saAmfComponentRegister(own, &other, &same_length));
    CHECK(ERR_INIT, saAmfComponentRegister(own, &other, &self));
    CHECK(ERR_BAD_OPERATION, saAmfComponentErrorClear(own, &self, 0));
    CHECK(OK, saAmfComponentRegister(own, &self, NULL));
    CHECK(ERR_EXIST, saAmfComponentRegister(own, &self, NULL));
    CHECK(ERR_VERSION, saAmfComponentUnregister(own, &self, NULL));
    check_another_handle();

    CHECK(ERR_NOT_EXIST, saAmfHealthcheckStart(own, &self, &unknown_key, SA_AMF_HEALTHCHECK_AMF_INVOKED, 1));
    CHECK(ERR_NOT_EXIST, saAmfHealthcheckStart(own, &other, &key, SA_AMF_HEALTHCHECK_AMF_INVOKED, 1));
    CHECK(ERR_ACCESS, saAmfHealthcheckStart(own, &self, &key, SA_AMF_HEALTHCHECK_AMF_INVOKED, (SaAmfRecommendedRecoveryT)10));
    CHECK(ERR_NOT_EXIST, saAmfHealthcheckStop(own, &self, &key));
    CHECK(ERR_NOT_EXIST, saAmfHealthcheckConfirm(own, &self, &key, SA_AIS_OK));
    CHECK(OK, saAmfHealthcheckStart(own, &self, &key, SA_AMF_HEALTHCHECK_COMPONENT_INVOKED, SA_AMF_COMPONENT_RESTART));
    CHECK(OK, saAmfHealthcheckConfirm(own, &self, &key, SA_AIS_OK));
    CHECK(ERR_EXIST, saAmfHealthcheckStart(own, &self, &key, SA_AMF_HEALTHCHECK_COMPONENT_INVOKED, 1));
    CHECK(OK, saAmfHealthcheckStop(own, &self, &key));
    CHECK(OK, saAmfHealthcheckStart(own, &self, &key, SA_AMF_HEALTHCHECK_AMF_INVOKED, SA_AMF_COMPONENT_RESTART));
    CHECK(ERR_NOT_EXIST, saAmfHealthcheckConfirm(own, &self, &key, SA_AIS_OK));

    CHECK(ERR_INVALID_PARAM, saAmfHAStateGet(own, &other, &csi, &state));
    CHECK(ERR_NOT_EXIST, saAmfHAStateGet(own, &self, &csi, &state));
    CHECK(ERR_NOT_EXIST, saAmfComponentErrorReport(own, &other, 0, SA_AMF_NO_RECOMMENDATION, 0));
    CHECK(ERR_ACCESS, saAmfComponentErrorReport_4(own, &self, 0, (SaAmfRecommendedRecoveryT)10, &ids));
    CHECK(ERR_INVALID_PARAM, saAmfComponentErrorReport_4(own, &self, 0, SA_AMF_COMPONENT_RESTART, NULL));
    CHECK(ERR_NOT_EXIST, saAmfComponentErrorReport_4(own, &other, 0, SA_AMF_COMPONENT_RESTART, &used));
    CHECK(ERR_INVALID_PARAM, saAmfComponentErrorReport_4(own, NULL, 0, SA_AMF_COMPONENT_RESTART, &ids));
    CHECK(ERR_NO_OP, saAmfComponentErrorClear(own, &self, 0));
    CHECK(ERR_NO_OP, saAmfComponentErrorClear_4(own, &self, &ids));
    CHECK(ERR_INVALID_PARAM, saAmfComponentErrorClear_4(own, &self, NULL));
    CHECK(ERR_NO_OP, saAmfComponentErrorClear_4(own, &self, &used));
    CHECK(ERR_NOT_EXIST, saAmfComponentErrorClear(own, &other, 0));
    CHECK(ERR_NOT_EXIST, saAmfCorrelationIdsGet(own, 999999, &ids));
    CHECK(ERR_NOT_EXIST, saAmfResponse_4(own, 999999, NULL, SA_AIS_OK));
    CHECK(ERR_NOT_EXIST, saAmfCSIQuiescingComplete(own, 999999, SA_AIS_OK));
    CHECK(ERR_INVALID_PARAM, saAmfProtectionGroupNotificationFree_4(own, NULL));
    CHECK(ERR_INIT, saAmfProtectionGroupTrack_4(own, &csi, SA_TRACK_CHANGES, NULL));
    CHECK(ERR_INIT, saAmfProtectionGroupTrack_4(own, &csi, SA_TRACK_CURRENT, NULL));

    CHECK(ERR_NOT_EXIST, saAmfProtectionGroupTrackStop(own, &csi));
    CHECK(ERR_NOT_EXIST, saAmfPmStart_3(own, &other, getpid(), 0, SA_AMF_PM_ZERO_EXIT, SA_AMF_NO_RECOMMENDATION));
    CHECK(ERR_NOT_EXIST, saAmfPmStart_3(own, &self, 0x3fffffff, 0, SA_AMF_PM_ZERO_EXIT, SA_AMF_NO_RECOMMENDATION));
    CHECK(ERR_ACCESS, saAmfPmStart_3(own, &self, getpid(), 0, SA_AMF_PM_ZERO_EXIT, (SaAmfRecommendedRecoveryT)10));
    CHECK(ERR_NOT_EXIST, saAmfPmStop(own, &self, SA_AMF_PM_PROC, getpid(), SA_AMF_PM_ZERO_EXIT));
    CHECK(OK, saAmfPmStart_3(own, &self, getpid(), 0, SA_AMF_PM_ABNORMAL_END, SA_AMF_COMPONENT_RESTART));
    CHECK(OK, saAmfPmStop(own, &self, SA_AMF_PM_PROC, getpid(), SA_AMF_PM_ABNORMAL_END));
    CHECK(OK, saAmfPmStart(own, &self, (SaUint64T)getpid(), -1, SA_AMF_PM_ABNORMAL_END, SA_AMF_COMPONENT_RESTART));
    CHECK(OK, saAmfPmStop(own, &self, SA_AMF_PM_ALL_PROCESSES, getpid(), SA_AMF_PM_ABNORMAL_END));
}

/* A child has none of its parent's handles, and can make its own. */
static void check_fork(void)
{
    pid_t child = fork();
    if (child == 0) {
        SaAmfHandleT handle;
        SaVersionT version = {'B', 4, 1};
        SaNameT got;
        SaSelectionObjectT selection;
        checks = 0;
        CHECK(ERR_BAD_HANDLE, saAmfSelectionObjectGet(own, &selection));
        CHECK(ERR_BAD_HANDLE, saAmfDispatch(own, SA_DISPATCH_ALL));
        CHECK(ERR_BAD_HANDLE, saAmfComponentNameGet(own, &got));
        CHECK(ERR_BAD_HANDLE, saAmfFinalize(own));
        CHECK(OK, saAmfInitialize_4(&handle, NULL, &version));
        CHECK(OK, saAmfComponentNameGet(handle, &got));
        CHECK(OK, handle != own ? SA_AIS_OK : SA_AIS_ERR_LIBRARY);
        CHECK(OK, saAmfFinalize(handle));
        _exit(checks == 8 ? 0 : 1);
    }
    int status = -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    CHECK(OK, WIFEXITED(status) && WEXITSTATUS(status) == 0 ? SA_AIS_OK : SA_AIS_ERR_LIBRARY);
}

/* Who blocks in a dispatch gets OK when another thread finalizes. */
static void *blocks(void *handle)
{
    return (void *)(long)saAmfDispatch(*(SaAmfHandleT *)handle, SA_DISPATCH_BLOCKING);
}

static void check_threads(void)
{
    SaAmfHandleT handle;
    SaVersionT version = {'B', 4, 1};
    pthread_t threads[3];
    void *result;
    CHECK(OK, saAmfInitialize_4(&handle, NULL, &version));
    for (int at = 0; at < 3; at++)
        CHECK(OK, pthread_create(&threads[at], NULL, blocks, &handle) == 0 ? SA_AIS_OK : SA_AIS_ERR_LIBRARY);
    usleep(20000);
    CHECK(OK, saAmfFinalize(handle));
    for (int at = 0; at < 3; at++) {
        pthread_join(threads[at], &result);
        SaAisErrorT code = (SaAisErrorT)(long)result;
        /* A thread that came after the end finds no handle. */
        CHECK(OK, code == SA_AIS_ERR_BAD_HANDLE ? SA_AIS_OK : code);
    }
}

int main(void)
{
    SaAmfCallbacksT_o4 callbacks = {0};
    SaVersionT version = {'B', 4, 2};
    SaSelectionObjectT selection;
    const char *name = getenv("SA_AMF_COMPONENT_NAME");
    if (name == NULL || getenv("TEST_DIR") == NULL || getenv("PERDURE_AMFND_SOCKET") == NULL)
        return 2;
    self = name_of(name);
    csi = name_of("safCsi=X,safSi=S,safApp=A");
    callbacks.saAmfHealthcheckCallback = on_healthcheck;
    callbacks.saAmfComponentTerminateCallback = on_terminate;
    callbacks.saAmfCSISetCallback = on_csi_set;
    callbacks.saAmfCSIRemoveCallback = on_csi_remove;
    callbacks.osafCsiAttributeChangeCallback = on_attributes;
    /* Without a node director in the environment, and without one that answers. */
    char socket[512];
    snprintf(socket, sizeof socket, "%s", getenv("PERDURE_AMFND_SOCKET"));
    unsetenv("PERDURE_AMFND_SOCKET");
    CHECK(ERR_LIBRARY, saAmfInitialize_o4(&own, &callbacks, &version));
    setenv("PERDURE_AMFND_SOCKET", "/nowhere", 1);
    CHECK(ERR_TRY_AGAIN, saAmfInitialize_o4(&own, &callbacks, &version));
    setenv("PERDURE_AMFND_SOCKET", socket, 1);
    check_initialize();
    CHECK(OK, saAmfInitialize_o4(&own, &callbacks, &version));
    check_bad_handles(0);
    check_bad_handles(1);
    check_bad_handles(own + 1000);
    check_bad_handles(~(SaAmfHandleT)0);
    check_arguments();
    check_releases();
    check_fork();
    check_threads();
    check_environment();
    check_own();
    CHECK(OK, saAmfSelectionObjectGet(own, &selection));
    say("checked");
    for (;;) {
        struct pollfd fds = {(int)selection, POLLIN, 0};
        if (poll(&fds, 1, -1) < 0 && errno != EINTR)
            return 4;
        if (fds.revents & POLLIN)
            CHECK(OK, saAmfDispatch(own, SA_DISPATCH_ALL));
    }
}
