// Circles on the globe, in integers only: the same answer on every machine and in WebAssembly, and
// no libm. The globe is a sphere with the Earth's mean radius; docs/FILTERS.md says how far that
// is from the ellipsoid.
//
// The haversine formula (R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68, 1984,
// p. 159) is compared rather than solved. With d the distance and r the radius of the circle,
//   d ≤ r   exactly when   sin²(Δφ/2) + cos φ₁ cos φ₂ sin²(Δλ/2) ≤ sin²(r / 2R)
// up to half of the globe, since sin² rises from 0 to π/2: no root, no arcus, no loss when small.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/filter/decimal.h"

namespace tidegate::filter {

/// In units of 10⁻⁷ degrees, about a centimetre.
struct GeoPoint {
  std::int64_t lat = 0;
  std::int64_t lon = 0;
};

/// Rounded to 10⁻⁷ degrees; nothing when it lies outside of ±90 or ±180 degrees.
std::optional<GeoPoint> geo_point(const Decimal& lat, const Decimal& lon);

class GeoCircle {
 public:
  /// A radius in millimetres, up to limits::filter_metres_max metres.
  GeoCircle(GeoPoint centre, std::int64_t radius_mm);

  /// Whether the distance is at most the radius. Never changes from true to false when only the
  /// radius grows.
  bool contains(GeoPoint point) const;
  /// `{"lat":…,"lon":…,"metres":…}` in the one spelling of these values.
  std::string text() const;

 private:
  GeoPoint centre_;
  std::int64_t radius_mm_;
  std::uint64_t sin_half_radius_;  // of r / 2R, 62 binary places
  std::uint64_t cos_lat_;          // of the centre, 62 binary places
};

}  // namespace tidegate::filter
