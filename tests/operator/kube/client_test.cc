// Verbs, paths and errors over a scripted transport; kubeconfig files; rotated tokens.
#include "operator/kube/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "operator/kube/kubeconfig.h"
#include "operator/kube/token.h"
#include "tests/operator/informer/fake_transport.h"

namespace windlass::kube {
namespace {

using ::testing::HasSubstr;

class TempDir {
 public:
  TempDir() {
    char pattern[] = "/tmp/windlass-kube-XXXXXX";
    path_ = mkdtemp(pattern);
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + "/" + name) << text;
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

TEST(Client, PathsNameGroupVersionNamespaceAndSubresource) {
  FakeTransport transport;
  for (int i = 0; i < 3; ++i) transport.ExpectSend({200, "{}"});
  Client client(transport);
  client.Get(kPods, "ns", "p");
  client.Update(kRedisClusters, "ns", {{"metadata", {{"name", "demo"}}}}, "status");
  DeleteOptions options;
  options.uid = "u1";
  client.Delete(kPods, "ns", "p", options);
  const auto asked = transport.asked();
  EXPECT_EQ(asked[0].path, "/api/v1/namespaces/ns/pods/p");
  EXPECT_EQ(asked[1].path, "/apis/windlass.dev/v1alpha1/namespaces/ns/redisclusters/demo/status");
  EXPECT_EQ(asked[1].method, "PUT");
  EXPECT_EQ(Json::parse(asked[2].body)["preconditions"]["uid"], "u1");
}

TEST(Client, AbsenceIsNoErrorForGetAndDelete) {
  FakeTransport transport;
  transport.ExpectSend({404, "{\"reason\":\"NotFound\"}"});
  transport.ExpectSend({404, "{\"reason\":\"NotFound\"}"});
  Client client(transport);
  EXPECT_FALSE(client.Get(kPods, "ns", "p").has_value());
  EXPECT_FALSE(client.Delete(kPods, "ns", "p"));
}

TEST(Client, ErrorsCarryTheServersWords) {
  FakeTransport transport;
  transport.ExpectSend({409, R"({"reason":"Conflict","message":"object has been modified"})"});
  transport.ExpectSend({409, R"({"reason":"AlreadyExists","message":"there"})"});
  transport.ExpectSend({200, "no json"});
  Client client(transport);
  try {
    client.Create(kPods, "ns", Json::object());
    FAIL() << "no error";
  } catch (const KubeError& error) {
    EXPECT_TRUE(error.conflict());
    EXPECT_THAT(error.what(), HasSubstr("object has been modified"));
  }
  try {
    client.Create(kPods, "ns", Json::object());
    FAIL() << "no error";
  } catch (const KubeError& error) {
    EXPECT_TRUE(error.already_exists());
    EXPECT_FALSE(error.conflict());
  }
  EXPECT_THROW(client.Create(kPods, "ns", Json::object()), KubeError);
}

TEST(Kubeconfig, ReadsTheCurrentContext) {
  const TempDir dir;
  dir.Write("ca.pem", "CA");
  const std::string path = dir.Write("config", R"(
current-context: b
contexts:
- {name: a, context: {cluster: x, user: x}}
- {name: b, context: {cluster: local, user: me, namespace: space}}
clusters:
- {name: local, cluster: {server: "https://h:1", certificate-authority: ca.pem}}
users:
- {name: me, user: {client-certificate-data: Q0VSVA==, client-key-data: S0VZ, tokenFile: tok}}
)");
  const Access access = LoadKubeconfig(path);
  EXPECT_EQ(access.server, "https://h:1");
  EXPECT_EQ(access.name_space, "space");
  EXPECT_EQ(access.ca_pem, "CA");
  EXPECT_EQ(access.client_certificate_pem, "CERT");
  EXPECT_EQ(access.client_key_pem, "KEY");
  EXPECT_THAT(access.token_file, ::testing::EndsWith("/tok"));
}

TEST(Kubeconfig, SaysWhatIsMissing) {
  const TempDir dir;
  const std::string path = dir.Write("config", "current-context: b\ncontexts: []\n");
  try {
    LoadKubeconfig(path);
    FAIL() << "no error";
  } catch (const base::Failure& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("no entry \"b\" with a context"));
  }
  EXPECT_THROW(LoadKubeconfig("/nonexistent"), base::Failure);
}

TEST(Token, IsReadAgainAfterItWasRefused) {
  const TempDir dir;
  const std::string path = dir.Write("token", "one\n");
  Token token("", path);
  EXPECT_EQ(token.Get(), "one");
  dir.Write("token", "two");
  EXPECT_EQ(token.Get(), "one");
  token.Expire();
  EXPECT_EQ(token.Get(), "two");
  std::filesystem::remove(path);
  token.Expire();
  EXPECT_EQ(token.Get(), "two") << "an unreadable file must not drop the token";
}

}  // namespace
}  // namespace windlass::kube
