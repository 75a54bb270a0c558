"""What has been counted about every track, as arrays that kernels read."""
