// Responses as bytes.
#include "edge/net/http_message.h"

#include <gtest/gtest.h>

namespace tidegate::net {
namespace {

TEST(HttpMessage, HeadHasStatusTypeAndLength) {
  HttpResponse response;
  response.body = "{}";
  EXPECT_EQ(response_head(response, AfterResponse::KeepAlive),
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n");
}

TEST(HttpMessage, LastResponseSaysSo) {
  const std::string head = response_head(HttpResponse{}, AfterResponse::Close);
  EXPECT_NE(head.find("connection: close\r\n"), std::string::npos);
}

TEST(HttpMessage, NoContentHasNeitherTypeNorLength) {
  HttpResponse response;
  response.status = 204;
  response.headers.emplace_back("access-control-allow-origin", "*");
  EXPECT_EQ(response_head(response, AfterResponse::KeepAlive),
            "HTTP/1.1 204 No Content\r\naccess-control-allow-origin: *\r\n\r\n");
}

TEST(HttpMessage, HeaderValueCannotBeginAnotherHeader) {
  HttpResponse response;
  response.headers.emplace_back("location", "/a\r\nset-cookie: x=1");
  const std::string head = response_head(response, AfterResponse::KeepAlive);
  EXPECT_EQ(head.find("\r\nset-cookie"), std::string::npos);
}

TEST(HttpMessage, ErrorNamesCodeAndMessage) {
  const HttpResponse response =
      error_response(404, Error{ErrorCode::NotFound, "no \"such\" thing", 0});
  EXPECT_EQ(response.status, 404);
  EXPECT_NE(response.body.find("\"code\":313"), std::string::npos) << response.body;
  EXPECT_NE(response.body.find("no \\\"such\\\" thing"), std::string::npos) << response.body;
}

TEST(HttpMessage, ErrorQuotingBytesThatAreNotUtf8IsStillJson) {
  const HttpResponse response =
      error_response(400, Error{ErrorCode::BadRequest, "bad \xFF\xFE", 0});
  EXPECT_NE(response.body.find("bad \xEF\xBF\xBD"), std::string::npos) << response.body;
}

}  // namespace
}  // namespace tidegate::net
