#ifndef CCAIRO_SHIM_H
#define CCAIRO_SHIM_H
#include <cairo-svg.h>
#include <cairo.h>
#endif
