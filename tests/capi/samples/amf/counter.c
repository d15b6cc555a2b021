/*
 * A component that counts, protected 2N: copy it and put your service where it counts.
 *
 * One thread waits for the framework and for the time at once, with poll. What a component owes the framework: register,
 * answer each callback, end after the one that says so.
 */
#include <errno.h>
#include <poll.h>
#include <saAmf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static SaAmfHandleT amf;
static SaNameT component;
static int counts, step = 1;
static long count;

/* What cannot be gone on with ends the process; the framework sees that and starts it anew, here or elsewhere. */
static void must(const char *what, SaAisErrorT answer)
{
    if (answer == SA_AIS_OK)
        return;
    fprintf(stderr, "counter: %s: error %d\n", what, (int)answer);
    exit(EXIT_FAILURE);
}

static void answer(SaInvocationT invocation, SaAisErrorT result)
{
    must("saAmfResponse_4", saAmfResponse_4(amf, invocation, NULL, result));
}

/* Take this state for a CSI (the first time with its attributes), or for all of them. */
static void on_csi_set(SaInvocationT invocation, const SaNameT *name, SaAmfHAStateT state, SaAmfCSIDescriptorT csi)
{
    (void)name;
    for (SaUint32T at = 0; at < csi.csiAttr.number; at++) {
        const SaAmfCSIAttributeT *attribute = &csi.csiAttr.attr[at];
        if (strcmp((const char *)attribute->attrName, "step") == 0)
            step = atoi((const char *)attribute->attrValue);
    }
    counts = state == SA_AMF_HA_ACTIVE;
    fprintf(stderr, "counter: %s\n",
            state == SA_AMF_HA_ACTIVE     ? "ACTIVE"
            : state == SA_AMF_HA_STANDBY  ? "STANDBY"
            : state == SA_AMF_HA_QUIESCED ? "QUIESCED"
                                          : "QUIESCING");
    answer(invocation, SA_AIS_OK);
    /* QUIESCING: take nothing new, finish what is there, then say so. Here nothing is there. */
    if (state == SA_AMF_HA_QUIESCING)
        must("saAmfCSIQuiescingComplete", saAmfCSIQuiescingComplete(amf, invocation, SA_AIS_OK));
}

static void on_csi_remove(SaInvocationT invocation, const SaNameT *name, const SaNameT *csi, SaAmfCSIFlagsT flags)
{
    (void)name;
    (void)csi;
    (void)flags;
    counts = 0;
    fprintf(stderr, "counter: removed\n");
    answer(invocation, SA_AIS_OK);
}

/* Look whether the service works; a failure makes the framework recover the component. */
static void on_healthcheck(SaInvocationT invocation, const SaNameT *name, SaAmfHealthcheckKeyT *key)
{
    (void)name;
    (void)key;
    answer(invocation, count >= 0 ? SA_AIS_OK : SA_AIS_ERR_FAILED_OPERATION);
}

static void on_terminate(SaInvocationT invocation, const SaNameT *name)
{
    (void)name;
    fprintf(stderr, "counter: ends at %ld\n", count);
    answer(invocation, SA_AIS_OK);
    exit(EXIT_SUCCESS);
}

int main(void)
{
    SaVersionT version = {'B', 4, 1};
    SaAmfCallbacksT_4 callbacks = {0};
    SaAmfHealthcheckKeyT key = {"Counter", 7};
    SaSelectionObjectT selection;

    callbacks.saAmfCSISetCallback = on_csi_set;
    callbacks.saAmfCSIRemoveCallback = on_csi_remove;
    callbacks.saAmfHealthcheckCallback = on_healthcheck;
    callbacks.saAmfComponentTerminateCallback = on_terminate;
    must("saAmfInitialize_4", saAmfInitialize_4(&amf, &callbacks, &version));
    must("saAmfSelectionObjectGet", saAmfSelectionObjectGet(amf, &selection));
    must("saAmfComponentNameGet", saAmfComponentNameGet(amf, &component));
    must("saAmfComponentRegister", saAmfComponentRegister(amf, &component, NULL));
    must("saAmfHealthcheckStart", saAmfHealthcheckStart(amf, &component, &key, SA_AMF_HEALTHCHECK_AMF_INVOKED,
                                                        SA_AMF_COMPONENT_FAILOVER));
    for (;;) {
        struct pollfd fds = {.fd = (int)selection, .events = POLLIN};
        int ready = poll(&fds, 1, counts ? 100 : -1);
        if (ready < 0 && errno != EINTR) {
            perror("counter: poll");
            return EXIT_FAILURE;
        }
        if (ready > 0)
            must("saAmfDispatch", saAmfDispatch(amf, SA_DISPATCH_ALL));
        else if (ready == 0)
            count += step;
    }
}
