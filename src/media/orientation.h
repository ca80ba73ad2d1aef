// The orientation that EXIF gives a picture. Source: Exif 2.32 (CIPA DC-008), tag 0x0112.
#pragma once

#include <string_view>

#include "chat/image.h"

namespace millrace::media {

// How the stored picture lies: 1 upright, 2 mirrored, 3 turned by half, 4 flipped, 5 transposed,
// 6 to be turned right, 7 transverse, 8 to be turned left.
constexpr int kUpright = 1;

// Reads the tag from a TIFF structure, the body of an EXIF block with or without its "Exif" mark;
// upright when it is missing, broken or out of range.
int OrientationFromExif(std::string_view exif);

// Each finds the EXIF block of a file of that format; upright when it has none.
int JpegOrientation(std::string_view file);
int PngOrientation(std::string_view file);
int WebpOrientation(std::string_view file);

// Makes the picture upright. 5 to 8 take a second picture's memory meanwhile.
void TurnUpright(chat::Image& image, int orientation);

}  // namespace millrace::media
