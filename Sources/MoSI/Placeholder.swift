// MoSI
