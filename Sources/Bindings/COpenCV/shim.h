// OpenCV has no C header: this module only carries the flags of opencv-video.pc to COpticalFlow.
