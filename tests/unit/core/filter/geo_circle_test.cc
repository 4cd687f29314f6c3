// Circles on the globe: known distances, the poles, the antimeridian and the far side.
#include "core/filter/geo_circle.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"

namespace tidegate::filter {
namespace {

GeoPoint point(std::string_view lat, std::string_view lon) {
  return *geo_point(read_decimal(lat), read_decimal(lon));
}

/// The smallest radius in millimetres whose circle has the point, or one more than the largest.
double distance_mm(GeoPoint from, GeoPoint to) {
  std::int64_t low = 0;
  std::int64_t high = limits::filter_metres_max * 1000 + 1;
  while (low < high) {
    const std::int64_t middle = (low + high) / 2;
    if (GeoCircle(from, middle).contains(to)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return static_cast<double>(low);
}

TEST(GeoCircle, KnownDistances) {
  // A degree of latitude on this sphere: π/180 × 6 371 008.8 m.
  EXPECT_NEAR(distance_mm(point("0", "0"), point("1", "0")), 111'195'080, 1);
  EXPECT_NEAR(distance_mm(point("0", "0"), point("0", "1")), 111'195'080, 1);
  EXPECT_NEAR(distance_mm(point("60", "0"), point("60", "1")), 55'595'424, 2000);
  EXPECT_NEAR(distance_mm(point("0", "0"), point("0", "90")), 10'007'557'000, 1000);
  // Heathrow to Kennedy, 5 540 km by the great circle.
  EXPECT_NEAR(distance_mm(point("51.4706", "-0.461941"), point("40.639801", "-73.7789")), 5'540e6,
              6e6);
}

TEST(GeoCircle, AMillimetreDecides) {
  const GeoPoint from = point("52.5", "13.4");
  const GeoPoint to = point("52.5001", "13.4");  // 11.1195 m north
  EXPECT_FALSE(GeoCircle(from, 11'119).contains(to));
  EXPECT_TRUE(GeoCircle(from, 11'120).contains(to));
}

TEST(GeoCircle, ARadiusOfZeroIsTheSamePlace) {
  EXPECT_TRUE(GeoCircle(point("1.5", "2.5"), 0).contains(point("1.50", "25e-1")));
  EXPECT_FALSE(GeoCircle(point("1.5", "2.5"), 0).contains(point("1.5000001", "2.5")));
  EXPECT_FALSE(GeoCircle(point("1.5", "2.5"), 0).contains(point("1.5", "2.4999999")));
  EXPECT_TRUE(GeoCircle(point("90", "0"), 0).contains(point("90", "123")));
  EXPECT_TRUE(GeoCircle(point("0", "180"), 0).contains(point("0", "-180")));
}

TEST(GeoCircle, TheAntimeridianIsNoWall) {
  EXPECT_EQ(distance_mm(point("0", "179.5"), point("0", "-179.5")),
            distance_mm(point("0", "0.5"), point("0", "-0.5")));
  EXPECT_TRUE(GeoCircle(point("-17.7", "179.9"), 50'000'000).contains(point("-17.7", "-179.9")));
}

TEST(GeoCircle, PolesAndTheFarSide) {
  EXPECT_NEAR(distance_mm(point("89.9", "0"), point("89.9", "180")), 22'239'016, 5);
  EXPECT_NEAR(distance_mm(point("-90", "0"), point("-89", "77")), 111'195'080, 1);
  EXPECT_FALSE(GeoCircle(point("0", "0"), 20'000'000'000).contains(point("0", "180")));
  EXPECT_TRUE(GeoCircle(point("0", "0"), 20'000'000'000).contains(point("0", "179.8")));
}

TEST(GeoCircle, PlacesOffTheGlobeAreNone) {
  const auto place = [](std::string_view lat, std::string_view lon) {
    return geo_point(read_decimal(lat), read_decimal(lon)).has_value();
  };
  EXPECT_TRUE(place("90", "180"));
  EXPECT_TRUE(place("-90", "-180"));
  EXPECT_TRUE(place("90.00000004", "0"));  // rounds to 90
  EXPECT_FALSE(place("90.0000001", "0"));
  EXPECT_FALSE(place("-90.1", "0"));
  EXPECT_FALSE(place("0", "180.0000001"));
  EXPECT_FALSE(place("0", "-181"));
  EXPECT_FALSE(place("0", "1e30"));
  EXPECT_FALSE(place("1e1000000", "0"));
}

TEST(GeoCircle, OneTextForOneCircle) {
  EXPECT_EQ(GeoCircle(point("52.50", "-180"), 1'500).text(),
            R"({"lat":52.5,"lon":180,"metres":1.5})");
}

}  // namespace
}  // namespace tidegate::filter
