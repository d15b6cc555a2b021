/*
 * The types of the Notification service that other services' interfaces use (SAI-AIS-NTF-A.03.01).
 *
 * The service itself is not here: this header declares no function.
 */
#ifndef _SA_NTF_H
#define _SA_NTF_H

#include <saAis.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef SaUint64T SaNtfIdentifierT;

#define SA_NTF_IDENTIFIER_UNUSED ((SaNtfIdentifierT)0LL)

/* The notifications that led to one: the first of the chain, the one just before, and its own. */
typedef struct {
    SaNtfIdentifierT rootCorrelationId;
    SaNtfIdentifierT parentCorrelationId;
    SaNtfIdentifierT notificationId;
} SaNtfCorrelationIdsT;

#ifdef __cplusplus
}
#endif

#endif /* _SA_NTF_H */
