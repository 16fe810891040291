/* SPDX-License-Identifier: GPL-2.0 */
/* The ULP: attach, detach, and the names TCP has it by. */
#ifndef SHEATH_ULP_H
#define SHEATH_ULP_H

int sheath_ulp_register(void);
void sheath_ulp_unregister(void);
int sheath_ulp_register_tls(void);
void sheath_ulp_unregister_tls(void);

#endif /* SHEATH_ULP_H */
