/*
 * What a process outside of components is answered about one that is not there ("outside down"), that nobody knows ("outside
 * unknown"), that is only started and stopped ("outside script"), and whose proxy is not there ("outside proxied COMP").
 */
#include <saAmf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IS(wanted, call) is(__LINE__, #call, SA_AIS_##wanted, call)
static int failures;
static void is(int line, const char *what, SaAisErrorT wanted, SaAisErrorT got)
{
    if (wanted != got) {
        fprintf(stderr, "outside.c:%d: %s gives %d, not %d\n", line, what, got, wanted);
        failures++;
    }
}

static void on_healthcheck(SaInvocationT invocation, const SaNameT *comp, SaAmfHealthcheckKeyT *key)
{
    (void)invocation, (void)comp, (void)key;
}
static void on_component(SaInvocationT invocation, const SaNameT *comp)
{
    (void)invocation, (void)comp;
}
static void on_csi_set(SaInvocationT invocation, const SaNameT *comp, SaAmfHAStateT state, SaAmfCSIDescriptorT descriptor)
{
    (void)invocation, (void)comp, (void)state, (void)descriptor;
}
static void on_csi_remove(SaInvocationT invocation, const SaNameT *comp, const SaNameT *csi, SaAmfCSIFlagsT flags)
{
    (void)invocation, (void)comp, (void)csi, (void)flags;
}

int main(int argc, char **argv)
{
    SaAmfHandleT new, old;
    SaVersionT four = {'B', 4, 1}, one = {'B', 1, 1};
    SaAmfCallbacksT_4 callbacks = {
        .saAmfHealthcheckCallback = on_healthcheck,
        .saAmfComponentTerminateCallback = on_component,
        .saAmfCSISetCallback = on_csi_set,
        .saAmfCSIRemoveCallback = on_csi_remove,
        .saAmfProxiedComponentInstantiateCallback = on_component,
        .saAmfProxiedComponentCleanupCallback = on_component,
    };
    SaNameT self = {0}, csi = {25, "safCsi=X,safSi=S,safApp=A"};
    SaAmfHealthcheckKeyT key = {"Test", 4};
    SaNtfCorrelationIdsT ids = {0, 0, 0};
    SaAmfHAStateT state;
    const char *name = getenv("SA_AMF_COMPONENT_NAME");
    if (argc != 3 || name == NULL)
        return 2;
    self.length = (SaUint16T)strlen(name);
    memcpy(self.value, name, self.length);
    IS(OK, saAmfInitialize_4(&new, &callbacks, &four));
    IS(OK, saAmfInitialize(&old, NULL, &one));
    if (!strcmp(argv[1], "down")) {
        IS(ERR_BAD_OPERATION, saAmfComponentRegister(new, &self, NULL));
        IS(ERR_INVALID_PARAM, saAmfComponentRegister(new, &self, &self));
        IS(ERR_NOT_EXIST, saAmfComponentUnregister(old, &self, NULL));
        IS(ERR_TRY_AGAIN, saAmfHealthcheckStart(new, &self, &key, SA_AMF_HEALTHCHECK_AMF_INVOKED, SA_AMF_COMPONENT_RESTART));
        IS(ERR_TRY_AGAIN, saAmfPmStart_3(new, &self, getpid(), 0, SA_AMF_PM_ABNORMAL_END, SA_AMF_COMPONENT_RESTART));
        IS(ERR_INVALID_PARAM, saAmfComponentErrorReport(new, &self, 0, SA_AMF_COMPONENT_RESTART, 0));
        IS(ERR_INVALID_PARAM, saAmfComponentErrorReport_4(new, &self, 0, SA_AMF_COMPONENT_RESTART, &ids));
        IS(ERR_BAD_OPERATION, saAmfComponentErrorClear(new, &self, 0));
        IS(ERR_NOT_EXIST, saAmfHAStateGet(new, &self, &csi, &state));
    } else if (!strcmp(argv[1], "unknown")) {
        IS(ERR_INVALID_PARAM, saAmfComponentRegister(new, &self, NULL));
        IS(ERR_INVALID_PARAM, saAmfComponentRegister(new, &self, &self));
        IS(ERR_NOT_EXIST, saAmfHealthcheckStart(new, &self, &key, SA_AMF_HEALTHCHECK_AMF_INVOKED, SA_AMF_COMPONENT_RESTART));
        IS(ERR_NOT_EXIST, saAmfPmStart_3(new, &self, getpid(), 0, SA_AMF_PM_ABNORMAL_END, SA_AMF_COMPONENT_RESTART));
        IS(ERR_NOT_EXIST, saAmfComponentErrorReport(new, &self, 0, SA_AMF_COMPONENT_RESTART, 0));
        IS(ERR_NOT_EXIST, saAmfComponentErrorClear(new, &self, 0));
        IS(ERR_INVALID_PARAM, saAmfHAStateGet(new, &self, &csi, &state));
    } else if (!strcmp(argv[1], "proxied")) {
        SaNameT comp = {0};
        comp.length = (SaUint16T)strlen(argv[2]);
        memcpy(comp.value, argv[2], comp.length);
        IS(ERR_NOT_EXIST, saAmfComponentRegister(new, &comp, &self));
        IS(ERR_INIT, saAmfComponentRegister(old, &comp, &self));
        IS(ERR_NOT_EXIST, saAmfComponentUnregister(old, &comp, &self));
    } else {
        IS(ERR_BAD_OPERATION, saAmfComponentRegister(new, &self, NULL));
        IS(ERR_BAD_OPERATION, saAmfHealthcheckStart(new, &self, &key, SA_AMF_HEALTHCHECK_AMF_INVOKED, SA_AMF_COMPONENT_RESTART));
        IS(ERR_BAD_OPERATION, saAmfComponentErrorClear(new, &self, 0));
        IS(ERR_BAD_OPERATION, saAmfHAStateGet(new, &self, &csi, &state));
    }
    IS(OK, saAmfFinalize(old));
    IS(OK, saAmfFinalize(new));
    return failures ? 1 : 0;
}
