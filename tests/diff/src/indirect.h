/* SPDX-License-Identifier: MIT */
/* What the objects with indirect functions share; see matrix.h. */
#ifndef INDIRECT_H
#define INDIRECT_H

/* indirect.c */
extern function chosen, twin;
extern HIDDEN function chosen_hidden;
extern function *const indirect_table[];
extern function *take_chosen(int which);

#endif
