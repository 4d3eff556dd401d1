/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "../base/cmocka-all.h"

/* A folder of its own for each test, with what tests/nvml/fake-nvml.c reads. */
typedef struct GpuFolder {
    char path[64];
} GpuFolder;

int gpu_folder_setup(void **state);
int gpu_folder_teardown(void **state);

/* Writes the file at that place below the folder, whose folders are made. */
void gpu_folder_write(const GpuFolder *f, const char *name, const char *text);
void gpu_folder_link(const GpuFolder *f, const char *name, const char *target);
void gpu_folder_path(const GpuFolder *f, const char *name, char buffer[static 256]);

/* What the fake driver is like from now on. */
void gpu_folder_set_driver(const GpuFolder *f, const char *text);
