"""Where and how precisely tensors are computed: devices, precision, attention kernels."""
