#include "CTorch.h"
#include <ATen/ATen.h>
int ct_placeholder() { return (int)at::zeros({2}).numel(); }
