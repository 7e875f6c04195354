import Testing

import VideoData
