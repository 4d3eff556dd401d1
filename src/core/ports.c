/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/ports.h"

#include <stddef.h>

static void take_out(PortUser *user)
{
    if (!user->place)
        return;
    *user->place = user->next;
    if (user->next)
        user->next->place = user->place;
    user->place = NULL;
}

void ports_set(Ports *ports, PortUser *user, uint16_t port)
{
    PortUser **bucket = &ports->buckets[port % PORTS_BUCKETS];

    if (user->port == port)
        return;
    take_out(user);
    user->port = port;
    if (port == 0)
        return;
    user->next = *bucket;
    user->place = bucket;
    if (user->next)
        user->next->place = &user->next;
    *bucket = user;
}

static PortUser *of_port(PortUser *user, uint16_t port)
{
    while (user && user->port != port)
        user = user->next;
    return user;
}

PortUser *ports_first(const Ports *ports, uint16_t port)
{
    return of_port(ports->buckets[port % PORTS_BUCKETS], port);
}

PortUser *ports_next(const PortUser *user)
{
    return of_port(user->next, user->port);
}
