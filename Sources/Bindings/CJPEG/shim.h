#include <stddef.h>
#include <stdio.h>
// Needs the types of the headers above.
#include <jpeglib.h>
