/*
 * A process outside of any component while the node director dies and comes back: TRY_AGAIN while it is gone; then a handle
 * that had begun nothing goes on.
 */
#include <saAmf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

int main(void)
{
    SaAmfHandleT plain, other;
    SaVersionT version = {'B', 4, 1};
    SaNameT comp = {0};
    SaNameT csi = {25, "safCsi=X,safSi=S,safApp=A"};
    SaAmfHAStateT state;
    SaAisErrorT answer;
    /* A new node director kills whoever was started with this variable: those are components' processes. */
    setenv("PERDURE_AMFND_SOCKET", getenv("TEST_SOCKET"), 1);
    comp.length = (SaUint16T)strlen(getenv("SA_AMF_COMPONENT_NAME"));
    memcpy(comp.value, getenv("SA_AMF_COMPONENT_NAME"), comp.length);
    if (saAmfInitialize_4(&plain, NULL, &version) != SA_AIS_OK)
        return 1;
    if (saAmfHAStateGet(plain, &comp, &csi, &state) != SA_AIS_ERR_NOT_EXIST)
        return 2;
    say("ready");
    while ((answer = saAmfHAStateGet(plain, &comp, &csi, &state)) == SA_AIS_ERR_NOT_EXIST)
        usleep(1000);
    if (answer != SA_AIS_ERR_TRY_AGAIN)
        return 10 + (int)answer;
    if (saAmfInitialize_4(&other, NULL, &version) != SA_AIS_ERR_TRY_AGAIN)
        return 4;
    say("absent");
    /* The new one does not know the component until its director says so: INVALID_PARAM. */
    while ((answer = saAmfHAStateGet(plain, &comp, &csi, &state)) == SA_AIS_ERR_TRY_AGAIN)
        usleep(1000);
    if (answer != SA_AIS_ERR_INVALID_PARAM && answer != SA_AIS_ERR_NOT_EXIST)
        return 60 + (int)answer;
    if (saAmfInitialize_4(&other, NULL, &version) != SA_AIS_OK)
        return 5;
    return saAmfFinalize(plain) == SA_AIS_OK && saAmfFinalize(other) == SA_AIS_OK ? 0 : 6;
}
