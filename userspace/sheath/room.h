/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many clients there is room for. */
#ifndef ROOM_H
#define ROOM_H

unsigned int room_for_clients(unsigned int wanted);

#endif /* ROOM_H */
