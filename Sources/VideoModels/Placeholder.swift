// VideoModels
