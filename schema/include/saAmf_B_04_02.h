/* Programs include OpenSAF's additions to the AMF interface by this name; they stand in saAmf.h. */
#ifndef _SA_AMF_B_04_02_H
#define _SA_AMF_B_04_02_H

#include <saAmf.h>

#endif /* _SA_AMF_B_04_02_H */
