// Fixed point with 62 binary places: 1.0 is 2⁶², sines are exact to about 10⁻¹⁸, and the product of
// two fits 128 bits. Sines come from their Taylor series up to 45 degrees, where the terms that are
// left out are below that precision; above, from the cosine of the complement.
#include "core/filter/geo_circle.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/limits.h"

namespace tidegate::filter {
namespace {

__extension__ typedef unsigned __int128 Uint128;

constexpr int kPlaces = 62;
constexpr std::uint64_t kOne = std::uint64_t{1} << kPlaces;
constexpr std::uint64_t kHalfPi = 7'244'019'458'077'122'842;  // π/2 × 2⁶²

constexpr int kDegreePlaces = 7;
constexpr int kMetrePlaces = 3;
constexpr std::int64_t kLatMax = 900'000'000;
constexpr std::int64_t kLonMax = 1'800'000'000;

// Radians × 2⁹⁴ of half a unit of 10⁻⁷ degrees: π/180 × 5·10⁻⁸ × 2⁹⁴.
constexpr std::uint64_t kHalfUnit = 17'284'903'702'238'269'808U;
// Radians × 2⁹⁴ that half an arc of one millimetre has at the Earth's centre: 2⁹⁴ / 2R, where R is
// 6 371 008.8 m, the mean radius R₁ of the IUGG (H. Moritz, Geodetic Reference System 1980).
constexpr std::uint64_t kHalfMillimetre = 1'554'466'588'444'053'350;
constexpr int kScaleShift = 94 - kPlaces;

constexpr std::uint64_t multiply(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::uint64_t>((Uint128{a} * b) >> kPlaces);
}

/// `count` steps of `scale`, as an angle between 0 and π/2.
constexpr std::uint64_t angle(std::int64_t count, std::uint64_t scale) {
  const Uint128 radians = (Uint128{static_cast<std::uint64_t>(count)} * scale) >> kScaleShift;
  return std::min(static_cast<std::uint64_t>(radians), kHalfPi);
}

/// 1 - x²/a (1 - x²/b (1 - …)), whose divisors a, b, … are given from the last to the first.
template <std::size_t count>
constexpr std::uint64_t series(std::uint64_t x, const std::uint64_t (&divisors)[count]) {
  const std::uint64_t square = multiply(x, x);
  std::uint64_t sum = kOne;
  for (const std::uint64_t divisor : divisors) sum = kOne - multiply(square, sum) / divisor;
  return sum;
}

/// Of an angle between 0 and π/2.
constexpr std::uint64_t sine(std::uint64_t x) {
  constexpr std::uint64_t kSine[] = {16 * 17, 14 * 15, 12 * 13, 10 * 11,
                                     8 * 9,   6 * 7,   4 * 5,   2 * 3};
  constexpr std::uint64_t kCosine[] = {15 * 16, 13 * 14, 11 * 12, 9 * 10,
                                       7 * 8,   5 * 6,   3 * 4,   1 * 2};
  if (x <= kHalfPi / 2) return multiply(x, series(x, kSine));
  return series(kHalfPi - x, kCosine);
}

/// The cosine of a latitude is the sine of what it lacks to the pole, which is exact near the pole.
std::uint64_t cosine_of_latitude(std::int64_t lat) {
  return sine(angle(2 * (kLatMax - (lat < 0 ? -lat : lat)), kHalfUnit));
}

std::int64_t distance_between(std::int64_t a, std::int64_t b) { return a < b ? b - a : a - b; }

}  // namespace

std::optional<GeoPoint> geo_point(const Decimal& lat, const Decimal& lon) {
  const auto lat_units = fixed_point(lat, kDegreePlaces);
  const auto lon_units = fixed_point(lon, kDegreePlaces);
  if (!lat_units || !lon_units) return std::nullopt;
  if (*lat_units > kLatMax || *lat_units < -kLatMax) return std::nullopt;
  if (*lon_units > kLonMax || *lon_units < -kLonMax) return std::nullopt;
  return GeoPoint{*lat_units, *lon_units};
}

GeoCircle::GeoCircle(GeoPoint centre, std::int64_t radius_mm)
    : centre_(centre),
      radius_mm_(radius_mm),
      sin_half_radius_(sine(angle(radius_mm, kHalfMillimetre))),
      cos_lat_(cosine_of_latitude(centre.lat)) {
  TIDEGATE_CHECK(radius_mm >= 0 && radius_mm <= limits::filter_metres_max * 1000);
  if (centre_.lon == -kLonMax) centre_.lon = kLonMax;  // the same meridian, one spelling
}

bool GeoCircle::contains(GeoPoint point) const {
  const std::int64_t lon_apart = distance_between(centre_.lon, point.lon);
  const std::int64_t lon_around = std::min(lon_apart, 2 * kLonMax - lon_apart);  // antimeridian
  const std::uint64_t sin_lat = sine(angle(distance_between(centre_.lat, point.lat), kHalfUnit));
  const std::uint64_t sin_lon = sine(angle(lon_around, kHalfUnit));
  const std::uint64_t cosines = multiply(cos_lat_, cosine_of_latitude(point.lat));
  const Uint128 haversine =
      Uint128{sin_lat} * sin_lat + Uint128{multiply(cosines, sin_lon)} * sin_lon;
  return haversine <= Uint128{sin_half_radius_} * sin_half_radius_;
}

std::string GeoCircle::text() const {
  return "{\"lat\":" + fixed_point_text(centre_.lat, kDegreePlaces) +
         ",\"lon\":" + fixed_point_text(centre_.lon, kDegreePlaces) +
         ",\"metres\":" + fixed_point_text(radius_mm_, kMetrePlaces) + "}";
}

}  // namespace tidegate::filter
