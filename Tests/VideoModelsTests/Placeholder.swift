import Testing

import VideoModels
