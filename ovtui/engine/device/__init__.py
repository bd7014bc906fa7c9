"""The process that loads OpenVINO: it reads models, or infers as fast as it can, and does nothing else."""
