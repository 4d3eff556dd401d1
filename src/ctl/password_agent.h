/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

/*
 * Before something is done over `bus` that the daemon may ask polkit about: where we are on a
 * terminal and not root, starts polkit's agent for terminals, which asks for the password that
 * polkit wants. It ends when we do. Nothing happens where it cannot be started: polkit then refuses
 * what it would have asked for.
 */
void password_agent_start(sd_bus *bus);
