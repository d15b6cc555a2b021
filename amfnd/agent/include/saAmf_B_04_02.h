/* Programs include OpenSAF's additions to the AMF interface by this name; they stand in saAmf.h. */
#ifndef SA_AMF_B_04_02_H
#define SA_AMF_B_04_02_H

#include <saAmf.h>

#endif /* SA_AMF_B_04_02_H */
