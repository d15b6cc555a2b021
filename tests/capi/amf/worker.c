/*
 * A component that takes changes of CSI attributes and tells of its readiness. Beside its program it keeps the file "said": a
 * line for each callback with what led to it, and one for each time that its node director goes. When it is active and the
 * attribute becomes "report", it reports an error of itself, to which the notifications 40 and 41 have led; with "refuse" it
 * refuses to become active, to which 50 and 51 have led.
 */
#include <errno.h>
#include <libgen.h>
#include <poll.h>
#include <saAmf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static SaAmfHandleT own;
static SaNameT self;
static int active;

static void say(const char *what, const char *more)
{
    char path[512] = {0};
    if (readlink("/proc/self/exe", path, sizeof path - 8) < 0)
        exit(3);
    FILE *file = fopen(strcat(dirname(path), "/said"), "a");
    if (file == NULL)
        exit(3);
    fprintf(file, "%s %s\n", what, more);
    fclose(file);
}

#define CHECK(wanted, call) check(#call, wanted, call)
static void check(const char *what, SaAisErrorT wanted, SaAisErrorT got)
{
    char text[32];
    snprintf(text, sizeof text, "gives %d, not %d", got, wanted);
    if (wanted != got)
        say(what, text);
}

static void on_healthcheck(SaInvocationT invocation, const SaNameT *comp, SaAmfHealthcheckKeyT *key)
{
    (void)comp, (void)key;
    /* The node director may go while it is answered. */
    SaAisErrorT answer = saAmfResponse_4(own, invocation, NULL, SA_AIS_OK);
    CHECK(SA_AIS_OK, answer == SA_AIS_ERR_TRY_AGAIN ? SA_AIS_OK : answer);
}
static void on_terminate(SaInvocationT invocation, const SaNameT *comp)
{
    (void)comp;
    CHECK(SA_AIS_OK, saAmfResponse_4(own, invocation, NULL, SA_AIS_OK));
    exit(0);
}
/* Whether the CSI says so. */
static int is_to_refuse(const SaAmfCSIDescriptorT *descriptor)
{
    for (SaUint32T at = 0; at < descriptor->csiAttr.number; at++)
        if (strcmp((char *)descriptor->csiAttr.attr[at].attrValue, "refuse") == 0)
            return 1;
    return 0;
}
static void on_csi_set(SaInvocationT invocation, const SaNameT *comp, SaAmfHAStateT state, SaAmfCSIDescriptorT descriptor)
{
    const char *name = state == SA_AMF_HA_ACTIVE ? "active" : state == SA_AMF_HA_STANDBY ? "standby" : "leaving";
    SaNtfCorrelationIdsT ids = {7, 7, 7};
    char text[128];
    (void)comp;
    CHECK(SA_AIS_OK, saAmfCorrelationIdsGet(own, invocation, &ids));
    if (state == SA_AMF_HA_ACTIVE && is_to_refuse(&descriptor)) {
        SaNtfCorrelationIdsT why = {50, 51, 0};
        CHECK(SA_AIS_OK, saAmfResponse_4(own, invocation, &why, SA_AIS_ERR_FAILED_OPERATION));
        return;
    }
    snprintf(text, sizeof text, "%s %llu %llu", name, ids.rootCorrelationId, ids.parentCorrelationId);
    say("led to", text);
    CHECK(SA_AIS_OK, ids.notificationId == 0 ? SA_AIS_OK : SA_AIS_ERR_LIBRARY);
    CHECK(SA_AIS_OK, saAmfResponse_4(own, invocation, NULL, SA_AIS_OK));
    say("state", name);
    active = state == SA_AMF_HA_ACTIVE;
    if (state == SA_AMF_HA_QUIESCING)
        CHECK(SA_AIS_OK, saAmfCSIQuiescingComplete(own, invocation, SA_AIS_OK));
}
static void on_csi_remove(SaInvocationT invocation, const SaNameT *comp, const SaNameT *csi, SaAmfCSIFlagsT flags)
{
    (void)comp, (void)csi, (void)flags;
    CHECK(SA_AIS_OK, saAmfResponse_4(own, invocation, NULL, SA_AIS_OK));
}
static void on_attributes(SaInvocationT invocation, const SaNameT *csi, SaAmfCSIAttributeListT attributes)
{
    SaNtfCorrelationIdsT ids = {40, 41, 0};
    int failed = 0;
    (void)csi;
    for (SaUint32T at = 0; at < attributes.number; at++) {
        char text[128];
        snprintf(text, sizeof text, "%s=%s", (char *)attributes.attr[at].attrName, (char *)attributes.attr[at].attrValue);
        say("changed", text);
        failed |= active && strstr(text, "=report") != NULL;
    }
    CHECK(SA_AIS_OK, saAmfResponse_4(own, invocation, NULL, SA_AIS_OK));
    if (failed)
        CHECK(SA_AIS_OK, saAmfComponentErrorReport_4(own, &self, 0, SA_AMF_COMPONENT_RESTART, &ids));
}

/* Asks the node director for what it need not do; while that is gone, the answer is TRY_AGAIN. */
static void look_for_director(void)
{
    static int is_gone;
    SaNameT csi = {30, "safCsi=None,safSi=N,safApp=None"};
    SaAmfHAStateT state;
    SaAisErrorT answer = saAmfHAStateGet(own, &self, &csi, &state);
    if (answer != SA_AIS_ERR_TRY_AGAIN)
        CHECK(SA_AIS_ERR_NOT_EXIST, answer);
    else if (!is_gone)
        say("absent", "");
    is_gone = answer == SA_AIS_ERR_TRY_AGAIN;
}

int main(void)
{
    SaAmfCallbacksT_o4 callbacks = {0};
    SaVersionT version = {'B', 4, 2};
    SaNtfCorrelationIdsT ids = {0, 0, 0};
    SaAmfHealthcheckKeyT key = {"Counter", 7};
    SaSelectionObjectT selection;
    callbacks.saAmfHealthcheckCallback = on_healthcheck;
    callbacks.saAmfComponentTerminateCallback = on_terminate;
    callbacks.saAmfCSISetCallback = on_csi_set;
    callbacks.saAmfCSIRemoveCallback = on_csi_remove;
    callbacks.osafCsiAttributeChangeCallback = on_attributes;
    CHECK(SA_AIS_OK, saAmfInitialize_o4(&own, &callbacks, &version));
    CHECK(SA_AIS_OK, saAmfComponentNameGet(own, &self));
    CHECK(SA_AIS_OK, saAmfSelectionObjectGet(own, &selection));
    CHECK(SA_AIS_OK, saAmfComponentRegister(own, &self, NULL));
    CHECK(SA_AIS_OK, saAmfHAReadinessStateSet(own, &self, NULL, SA_AMF_HARS_READY_FOR_ASSIGNMENT, &ids));
    CHECK(SA_AIS_OK,
          saAmfHealthcheckStart(own, &self, &key, SA_AMF_HEALTHCHECK_AMF_INVOKED, SA_AMF_COMPONENT_RESTART));
    for (;;) {
        struct pollfd fds = {(int)selection, POLLIN, 0};
        if (poll(&fds, 1, 50) < 0 && errno != EINTR)
            return 4;
        if (fds.revents & POLLIN)
            CHECK(SA_AIS_OK, saAmfDispatch(own, SA_DISPATCH_ALL));
        look_for_director();
    }
}
