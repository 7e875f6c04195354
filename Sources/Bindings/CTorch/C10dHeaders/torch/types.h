// c10d includes this header of libtorch's front end, which lies in a folder of its own.
#pragma once

#include <torch/csrc/api/include/torch/types.h>
