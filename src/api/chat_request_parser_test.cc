#include "api/chat_request_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/testing/parse_fixture.h"
#include "base/random.h"
#include "base/utf8.h"

namespace millrace::api {
namespace {

using ::testing::Field;
using ::testing::StartsWith;

class RequestParser : public ::testing::Test {
 protected:
  static Refused Invalid(std::string message) { return {400, 20015, std::move(message)}; }
  Refused With(std::string_view more, std::string_view model = "M") const {
    return RefusalOf(fixture_.ParseWith(more, model));
  }
  chat::ChatRequest Request(std::string_view more, std::string_view model = "M") const {
    auto parsed = fixture_.ParseWith(more, model);
    EXPECT_TRUE(parsed.has_value()) << more << ": " << RefusalOf(parsed).message;
    return parsed.has_value() ? std::move(parsed->request) : chat::ChatRequest{};
  }
  void ExpectAccepted(std::initializer_list<std::string_view> many,
                      std::string_view model = "M") const {
    for (const std::string_view more : many) {
      EXPECT_EQ(With(more, model).status, 200) << more << ": " << With(more, model).message;
    }
  }
  void ExpectInvalid(std::initializer_list<std::string_view> many,
                     std::string_view model = "M") const {
    for (const std::string_view more : many) {
      const Refused refused = With(more, model);
      EXPECT_EQ(refused.status, 400) << more;
      EXPECT_EQ(refused.code, 20015) << more << ": " << refused.message;
    }
  }

  ParseFixture fixture_;
};

const Refused kGeneric = {400, 20015, "The parameter is invalid. Please check again."};
const Refused kNoModel = {400, 20012, "Model does not exist. Please check it carefully."};

// ---- 9.1, 9.3: the body and the required fields

TEST_F(RequestParser, RefusesWhatIsNotOneJsonObject_C033_C034_C035_C036_C039) {
  for (const std::string_view body :
       {"", R"({"model":)", "[]", "\"text\"", "5", "{\"model\":\"\xff\"}", "{} x", "{'a':1}",
        "{\"a\":NaN}", "{\"a\":1,}"}) {
    EXPECT_EQ(RefusalOf(fixture_.Parse(body)), kGeneric) << body;
  }
}

TEST_F(RequestParser, SkipsAByteOrderMark_C037) {
  EXPECT_EQ(
      RefusalOf(
          fixture_.Parse(
              "\xEF\xBB\xBF{\"model\":\"M\",\"messages\":[{\"role\":\"user\",\"content\":\"\"}]}"))
          .status,
      200);
}

TEST_F(RequestParser, AcceptsALoneSurrogate_C038) {
  const auto parsed = fixture_.ParseMessages(R"([{"role":"user","content":"a\ud83d"}])");
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->request.messages[0].content, "a\xEF\xBF\xBD");
}

TEST_F(RequestParser, RefusesDeepNestingInAnUnknownField_C040) {
  const std::string deep = "\"x\":" + std::string(200, '[') + std::string(200, ']');
  EXPECT_EQ(With(deep), kGeneric);
}

TEST_F(RequestParser, RequiresModel_C054_C055_C056_C057) {
  EXPECT_EQ(RefusalOf(fixture_.Parse("{}")), Invalid("model: Field required"));
  EXPECT_EQ(RefusalOf(fixture_.Parse(R"({"model":null})")), Invalid("model: Field required"));
  EXPECT_EQ(RefusalOf(fixture_.Parse(R"({"model":5})")),
            Invalid("model: Input should be a valid string"));
  EXPECT_EQ(RefusalOf(fixture_.Parse(R"({"model":""})")), kGeneric);
}

TEST_F(RequestParser, RefusesAnUnknownModelBeforeAnythingElse_C058_C059_C060) {
  EXPECT_EQ(RefusalOf(fixture_.Parse(R"({"model":"x"})")), kNoModel);
  EXPECT_EQ(RefusalOf(fixture_.Parse(R"({"model":"m"})")), kNoModel);
  EXPECT_EQ(With(R"("temperature":9)", "x"), kNoModel);
}

TEST_F(RequestParser, ServesAliasesAndRepeatsTheNameSent) {
  const auto parsed = fixture_.ParseWith("", "team/M");
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->reply.model, "team/M");
  EXPECT_EQ(parsed->backend->record().id, "M");
}

TEST_F(RequestParser, IgnoresUnknownKeys_C066_C134) {
  ExpectAccepted({R"("whatever":1)", R"("x":{"y":[1,2]})", R"("user":5)", R"("metadata":[])",
                  R"("store":"yes")", R"("service_tier":{})", R"("prompt_cache_key":1.5)",
                  R"("extra_body":{})", R"("min_tokens":"a")", R"("guided_json":{})",
                  R"("timeout":"x")"});
}

TEST_F(RequestParser, TakesNullForAbsent_C067) {
  for (const std::string_view key : {"stream",
                                     "max_tokens",
                                     "enable_thinking",
                                     "thinking_budget",
                                     "reasoning_effort",
                                     "min_p",
                                     "stop",
                                     "temperature",
                                     "top_p",
                                     "top_k",
                                     "frequency_penalty",
                                     "n",
                                     "response_format",
                                     "tools",
                                     "tool_choice",
                                     "parallel_tool_calls",
                                     "stream_options",
                                     "max_completion_tokens",
                                     "presence_penalty",
                                     "repetition_penalty",
                                     "seed",
                                     "logprobs",
                                     "top_logprobs",
                                     "logit_bias",
                                     "modalities",
                                     "functions",
                                     "function_call",
                                     "prefix",
                                     "suffix",
                                     "thinking",
                                     "chat_template_kwargs"}) {
    const std::string more = "\"" + std::string(key) + "\":null";
    EXPECT_EQ(With(more).status, 200) << more;
    EXPECT_EQ(With(more, "N").status, 200) << more;
  }
}

TEST_F(RequestParser, RefusesValuesOfAnotherType_C068) {
  EXPECT_EQ(With(R"("max_tokens":"10")"), Invalid("max_tokens: Input should be a valid integer"));
  EXPECT_EQ(With(R"("stream":"true")"), Invalid("stream: Input should be a valid boolean"));
  EXPECT_EQ(With(R"("stream":1)"), Invalid("stream: Input should be a valid boolean"));
  EXPECT_EQ(With(R"("temperature":"1")"), Invalid("temperature: Input should be a valid number"));
}

TEST_F(RequestParser, TakesIntegersWithAZeroFraction_C069) {
  EXPECT_EQ(Request(R"("max_tokens":10.0)").answer_tokens_max, 10);
  EXPECT_EQ(Request(R"("max_tokens":1e2)").answer_tokens_max, 100);
  EXPECT_EQ(With(R"("max_tokens":10.5)"), Invalid("max_tokens: Input should be a valid integer"));
}

TEST_F(RequestParser, LetsTheLastDuplicateWin_C070) {
  EXPECT_EQ(Request(R"("max_tokens":7,"max_tokens":9)").answer_tokens_max, 9);
}

TEST_F(RequestParser, ReportsTheEarlierOfTwoBadFields_C071) {
  EXPECT_THAT(With(R"("temperature":3,"max_tokens":0)").message, StartsWith("max_tokens:"));
  EXPECT_THAT(With(R"("tools":5,"temperature":3)").message, StartsWith("temperature:"));
  EXPECT_THAT(With(R"("seed":"a","tool_choice":5)").message, StartsWith("tool_choice:"));
}

// ---- 9.5: sampling and limits

TEST_F(RequestParser, ChecksTheRangeOfTemperature_C104) {
  ExpectAccepted({R"("temperature":0)", R"("temperature":0.7)", R"("temperature":2)"});
  EXPECT_EQ(With(R"("temperature":-0.1)"),
            Invalid("temperature: Must be greater than or equal to 0"));
  EXPECT_EQ(With(R"("temperature":2.1)"), Invalid("temperature: Must be less than or equal to 2"));
}

TEST_F(RequestParser, ChecksTheRangeOfTopP_C106) {
  ExpectAccepted({R"("top_p":0)", R"("top_p":0.5)", R"("top_p":1)"});
  ExpectInvalid({R"("top_p":-0.1)", R"("top_p":1.01)"});
}

TEST_F(RequestParser, FloorsTopKAfterTheRangeCheck_C107) {
  EXPECT_EQ(Request(R"("top_k":-1)").sampling.top_k, 0);
  EXPECT_EQ(Request(R"("top_k":0)").sampling.top_k, 0);
  EXPECT_EQ(Request(R"("top_k":1)").sampling.top_k, 1);
  EXPECT_EQ(Request(R"("top_k":50.7)").sampling.top_k, 50);
  EXPECT_EQ(Request(R"("top_k":100)").sampling.top_k, 100);
  EXPECT_EQ(With(R"("top_k":-2)"), Invalid("top_k: Must be greater than or equal to -1"));
  EXPECT_EQ(With(R"("top_k":0.5)"), Invalid("top_k: Must be greater than or equal to 1"));
  EXPECT_EQ(With(R"("top_k":-0.5)"), Invalid("top_k: Must be greater than or equal to 1"));
  EXPECT_EQ(With(R"("top_k":101)"), Invalid("top_k: Must be less than or equal to 100"));
}

TEST_F(RequestParser, ValidatesMinPEverywhereAndUsesItWhereItApplies_C109_C110) {
  ExpectAccepted({R"("min_p":0)", R"("min_p":0.05)", R"("min_p":1)"});
  ExpectInvalid({R"("min_p":-0.1)", R"("min_p":1.1)"});
  EXPECT_EQ(Request(R"("min_p":0.5)").sampling.min_p, 0.5);
  EXPECT_EQ(Request(R"("min_p":0.5)", "N").sampling.min_p, 0);
  ExpectInvalid({R"("min_p":1.5)"}, "N");
}

TEST_F(RequestParser, ChecksThePenalties_C111_C112) {
  ExpectAccepted({R"("frequency_penalty":-2)", R"("frequency_penalty":0)",
                  R"("frequency_penalty":2)", R"("presence_penalty":-2)", R"("presence_penalty":2)",
                  R"("repetition_penalty":1.1)"});
  ExpectInvalid({R"("frequency_penalty":2.1)", R"("frequency_penalty":-2.1)",
                 R"("presence_penalty":2.1)", R"("presence_penalty":-2.1)",
                 R"("repetition_penalty":-1)", R"("repetition_penalty":2.5)"});
  EXPECT_EQ(With(R"("repetition_penalty":0)"),
            Invalid("repetition_penalty: Must be greater than 0"));
}

TEST_F(RequestParser, UsesTheDefaultsOfALanguageModel_C114) {
  const chat::ChatRequest request = Request("");
  EXPECT_EQ(request.sampling.temperature, 0.7);
  EXPECT_EQ(request.sampling.top_p, 0.7);
  EXPECT_EQ(request.sampling.top_k, 50);
  EXPECT_EQ(request.sampling.frequency_penalty, 0);
  EXPECT_EQ(request.sampling.repetition_penalty, 1);
  EXPECT_EQ(request.n, 1);
  EXPECT_EQ(request.answer_tokens_max, 8192);
  EXPECT_EQ(request.completion_tokens_max, std::nullopt);
  EXPECT_EQ(request.seed, 99U);
  EXPECT_EQ(request.tenant, "tenant");
}

TEST_F(RequestParser, ChecksTokenLimits_C115_C117_C118_C120) {
  EXPECT_EQ(With(R"("max_tokens":0)"), Invalid("max_tokens: Must be greater than or equal to 1"));
  EXPECT_EQ(With(R"("max_tokens":-1)"), Invalid("max_tokens: Must be greater than or equal to 1"));
  EXPECT_EQ(With(R"("max_tokens":4096)"),
            Invalid("max_tokens (4096) have exceeded max_seq_len (4096) limit."));
  EXPECT_EQ(With(R"("max_completion_tokens":99999999999)"),
            Invalid("max_tokens (99999999999) have exceeded max_seq_len (4096) limit."));
  ExpectAccepted({R"("max_tokens":4095)"});
  EXPECT_EQ(Request(R"("max_completion_tokens":5)").completion_tokens_max, 5);
  ExpectInvalid({R"("max_completion_tokens":0)", R"("max_completion_tokens":1.5)"});
}

TEST_F(RequestParser, CountsReasoningWhenTheScopeIsTotal_C150) {
  fixture_.options.max_tokens_scope = MaxTokensScope::kTotal;
  EXPECT_EQ(Request(R"("max_tokens":10)").completion_tokens_max, 10);
  EXPECT_EQ(Request(R"("max_tokens":10,"max_completion_tokens":5)").completion_tokens_max, 5);
}

TEST_F(RequestParser, ReadsStop_C122_C126) {
  EXPECT_THAT(Request(R"("stop":"X")").stop, ::testing::ElementsAre("X"));
  EXPECT_THAT(Request(R"("stop":["a","","b"])").stop, ::testing::ElementsAre("a", "b"));
  EXPECT_THAT(Request(R"("stop":[])").stop, ::testing::IsEmpty());
  EXPECT_THAT(Request(R"("stop":["a","b","c","d"])").stop, ::testing::SizeIs(4));
  EXPECT_EQ(With(R"("stop":["a","b","c","d","e"])"),
            Invalid("stop: List should have at most 4 items after validation, not 5"));
  EXPECT_EQ(With(R"("stop":[1])"), Invalid("stop.0: Input should be a valid string"));
  EXPECT_EQ(With(R"("stop":1)"), Invalid("stop: Input should be a valid string or list"));
  EXPECT_EQ(With(R"("stop":")" + std::string(1025, 'x') + "\""),
            Invalid("stop: String should have at most 1024 bytes"));
}

TEST_F(RequestParser, RefusesChoiceCountsByTheirOwnCodes_C127) {
  EXPECT_EQ(With(R"("n":0)"), Invalid("n: Must be greater than or equal to 1"));
  EXPECT_EQ(With(R"("n":21)"), (Refused{400, 20081, "n: Must be less than or equal to 20"}));
  EXPECT_EQ(With(R"("n":2)", "E"),
            (Refused{400, 20066, "This model does not support n greater than 1."}));
  EXPECT_EQ(With(R"("n":9)"), Invalid("n: Must be less than or equal to 8"));
  EXPECT_EQ(Request(R"("n":8)").n, 8);
}

TEST_F(RequestParser, ReadsSeed_C129) {
  EXPECT_EQ(Request(R"("seed":-1)").seed, ~uint64_t{0});
  EXPECT_EQ(Request(R"("seed":9223372036854775807)").seed, uint64_t{9223372036854775807});
  ExpectInvalid({R"("seed":1.5)", R"("seed":"a")", R"("seed":9223372036854775808)"});
}

TEST_F(RequestParser, ReadsLogitBias_C130) {
  EXPECT_THAT(Request(R"("logit_bias":{"5":100,"7":-0.5})").sampling.logit_bias,
              ::testing::ElementsAre(std::pair(5, 100.0F), std::pair(7, -0.5F)));
  ExpectInvalid({R"("logit_bias":{"5":101})", R"("logit_bias":{"1000":1})",
                 R"("logit_bias":{"a":1})", R"("logit_bias":{"-1":1})", R"("logit_bias":{"":1})",
                 R"("logit_bias":{"5":"1"})", R"("logit_bias":{"5":null})", R"("logit_bias":[])"});
  EXPECT_EQ(With(R"("logit_bias":{"x":1})"),
            Invalid("logit_bias.x: String should match pattern '^[0-9]+$'"));
}

TEST_F(RequestParser, ReadsLogprobs_C131_C132) {
  EXPECT_EQ(Request("").top_logprobs, std::nullopt);
  EXPECT_EQ(Request(R"("logprobs":false)").top_logprobs, std::nullopt);
  EXPECT_EQ(Request(R"("logprobs":true)").top_logprobs, 0);
  EXPECT_EQ(Request(R"("logprobs":true,"top_logprobs":20)").top_logprobs, 20);
  EXPECT_EQ(fixture_.ParseWith(R"("logprobs":true)")->reply.logprobs, Logprobs::kReported);
  EXPECT_EQ(fixture_.ParseWith(R"("logprobs":false)")->reply.logprobs, Logprobs::kLeftOut);
  EXPECT_EQ(With(R"("top_logprobs":1)"), Invalid("top_logprobs: logprobs must be true"));
  ExpectInvalid({R"("top_logprobs":21)", R"("logprobs":1)"});
  ExpectAccepted({R"("logprobs":false)", R"("top_logprobs":0)"});
}

TEST_F(RequestParser, NeedsTextAmongTheModalities_C135) {
  ExpectAccepted({R"("modalities":["text"])", R"("modalities":["audio","text"])"});
  EXPECT_EQ(With(R"("modalities":["audio"])"), Invalid("modalities: Input should be 'text'"));
  ExpectInvalid({R"("modalities":"text")", R"("modalities":[])"});
}

TEST_F(RequestParser, RefusesPrefixAndSuffixByTheirOwnCodes_C136_C137) {
  EXPECT_EQ(With(R"("prefix":"a")"),
            (Refused{400, 20030, "Prefix completion is not supported for this model."}));
  EXPECT_EQ(With(R"("prefix":"a","suffix":"b")"),
            (Refused{400, 20031, "FIM completion is not supported for this model."}));
  EXPECT_EQ(With(R"("suffix":"b")"), Invalid("prefix: Field required"));
  const std::string json = R"(,"response_format":{"type":"json_object"})";
  EXPECT_EQ(With(R"("prefix":"a")" + json, "J").code, 20033);
  EXPECT_EQ(With(R"("prefix":"a","suffix":"b")" + json, "J").code, 20032);
  EXPECT_EQ(Request(R"("prefix":"a")", "J").answer_prefix, "a");
  ExpectInvalid({R"("prefix":"")", R"("prefix":1)"}, "J");
}

TEST_F(RequestParser, ReadsAGapToFillWithThinkingOff) {
  const chat::ChatRequest request = Request(R"("prefix":"a","suffix":"b")", "F");
  EXPECT_EQ(request.answer_prefix, "a");
  EXPECT_EQ(request.answer_suffix, "b");
  EXPECT_FALSE(request.enable_thinking);
  EXPECT_EQ(Request(R"("prefix":"a","suffix":"")", "F").answer_suffix, "");
  EXPECT_EQ(Request(R"("prefix":"a","suffix":null)", "F").answer_suffix, std::nullopt);
  EXPECT_EQ(With(R"("suffix":"b")", "F"), Invalid("prefix: Field required"));
  EXPECT_EQ(With(R"("prefix":"a","suffix":"b","response_format":{"type":"json_object"})", "F").code,
            20032);
  ExpectInvalid({R"("prefix":"a","suffix":1)", R"("prefix":"a","suffix":["b"])"}, "F");
}

// ---- 9.6: thinking

TEST_F(RequestParser, SwitchesThinkingOnAHybridModel_C138_C139_C143) {
  EXPECT_TRUE(Request("").enable_thinking);
  EXPECT_TRUE(Request(R"("enable_thinking":true)").enable_thinking);
  EXPECT_FALSE(Request(R"("enable_thinking":false)").enable_thinking);
  EXPECT_FALSE(Request("", "N").enable_thinking);
}

TEST_F(RequestParser, RefusesTheSwitchWhereItDoesNotApply_C140_C141) {
  const Refused refused =
      Invalid("Value error, current model does not support parameter `enable_thinking`.");
  EXPECT_EQ(With(R"("enable_thinking":true)", "N"), refused);
  EXPECT_EQ(With(R"("enable_thinking":false)", "N"), refused);
  fixture_.options.inapplicable_thinking = InapplicableThinking::kIgnore;
  EXPECT_FALSE(Request(R"("enable_thinking":true)", "N").enable_thinking);
}

TEST_F(RequestParser, TakesOnlyBooleansForTheSwitch_C142) {
  ExpectInvalid({R"("enable_thinking":"true")", R"("enable_thinking":1)"});
}

TEST_F(RequestParser, ChecksTheThinkingBudgetOnEveryModel_C144_C145_C146) {
  for (const std::string_view model : {"M", "N"}) {
    ExpectAccepted({R"("thinking_budget":128)", R"("thinking_budget":32768)"}, model);
    ExpectInvalid({R"("thinking_budget":127)", R"("thinking_budget":0)"}, model);
    EXPECT_EQ(With(R"("thinking_budget":32769)", model),
              Invalid("thinking_budget: Must be less than or equal to 32768"));
  }
  ExpectInvalid({R"("thinking_budget":1,"enable_thinking":false)"});
  EXPECT_EQ(Request(R"("thinking_budget":128)").reasoning_tokens_max, 128);
  EXPECT_EQ(Request("").reasoning_tokens_max, 32768);
}

TEST_F(RequestParser, KnowsWhatReasoningMayCostBeyondTheClientsLimit) {
  const auto limits = [&](std::string_view more, std::string_view model = "M") {
    const auto parsed = fixture_.ParseWith(more, model);
    EXPECT_TRUE(parsed.has_value()) << more;
    return std::pair(parsed->choice_tokens_max.value_or(-1), parsed->choice_tokens_open);
  };
  const std::string on = R"("enable_thinking":true)";
  using Pair = std::pair<int64_t, int64_t>;
  EXPECT_EQ(limits(on), Pair(-1, 0));
  EXPECT_EQ(limits(on + R"(,"max_tokens":10)"), Pair(10, 32768));
  EXPECT_EQ(limits(on + R"(,"max_tokens":10,"thinking_budget":200)"), Pair(210, 0));
  EXPECT_EQ(limits(on + R"(,"max_tokens":10,"thinking":{"budget_tokens":200})"), Pair(210, 0));
  EXPECT_EQ(limits(on + R"(,"max_tokens":10,"max_completion_tokens":30)"), Pair(10, 20));
  EXPECT_EQ(limits(on + R"(,"max_completion_tokens":30)"), Pair(30, 0));
  EXPECT_EQ(limits(R"("enable_thinking":false,"max_tokens":10)"), Pair(10, 0));
}

TEST_F(RequestParser, MapsReasoningEffort_C153_C154_C155) {
  using chat::ReasoningEffort;
  const auto effort = [this](std::string_view value) {
    return Request("\"reasoning_effort\":\"" + std::string(value) + "\"", "E").effort;
  };
  EXPECT_EQ(effort("low"), ReasoningEffort::kHigh);
  EXPECT_EQ(effort("medium"), ReasoningEffort::kHigh);
  EXPECT_EQ(effort("high"), ReasoningEffort::kHigh);
  EXPECT_EQ(effort("minimal"), ReasoningEffort::kHigh);
  EXPECT_EQ(effort("xhigh"), ReasoningEffort::kMax);
  EXPECT_EQ(effort("max"), ReasoningEffort::kMax);
  EXPECT_EQ(Request("", "E").effort, ReasoningEffort::kHigh);
  for (const char* agent : {"claude-cli/1.0 (external, cli)", "OpenCode/1.0"}) {
    fixture_.origin.user_agent = agent;
    EXPECT_EQ(Request("", "E").effort, ReasoningEffort::kMax) << agent;
    EXPECT_EQ(effort("low"), ReasoningEffort::kHigh) << agent;
  }
}

TEST_F(RequestParser, ChecksReasoningEffortOnEveryModel_C156) {
  for (const std::string_view model : {"M", "N", "E"}) {
    ExpectInvalid({R"("reasoning_effort":"turbo")", R"("reasoning_effort":3)"}, model);
    ExpectAccepted({R"("reasoning_effort":"high")"}, model);
  }
  EXPECT_EQ(Request(R"("reasoning_effort":"high")").effort, std::nullopt);
}

TEST_F(RequestParser, TurnsThinkingOffByEffortNone_C157) {
  EXPECT_FALSE(Request(R"("reasoning_effort":"none")", "E").enable_thinking);
  EXPECT_TRUE(Request(R"("reasoning_effort":"none","enable_thinking":true)", "E").enable_thinking);
  EXPECT_TRUE(Request(R"("reasoning_effort":"none")").enable_thinking);
}

TEST_F(RequestParser, UnderstandsTheAliasesOfTheSwitch_C158_C159) {
  for (const std::string_view alias :
       {R"("thinking":{"type":"disabled"})", R"("chat_template_kwargs":{"enable_thinking":false})",
        R"("chat_template_kwargs":{"thinking":false})",
        R"("chat_template_args":{"enable_thinking":false})"}) {
    EXPECT_FALSE(Request(alias).enable_thinking) << alias;
    EXPECT_EQ(With(alias, "N").status, 200) << alias;
    const std::string both = std::string(alias) + R"(,"enable_thinking":true)";
    EXPECT_TRUE(Request(both).enable_thinking) << both;
  }
  EXPECT_TRUE(Request(R"("thinking":{"type":"adaptive"})").enable_thinking);
  EXPECT_EQ(Request(R"("thinking":{"budget_tokens":200})").reasoning_tokens_max, 200);
  EXPECT_EQ(Request(R"("thinking":{"budget_tokens":1})").reasoning_tokens_max, 32768);
  EXPECT_EQ(
      Request(R"("thinking":{"budget_tokens":200},"thinking_budget":300)").reasoning_tokens_max,
      300);
  ExpectInvalid(
      {R"("thinking":{"type":"on"})", R"("thinking":true)", R"("chat_template_kwargs":[])"});
}

// ---- 9.8: response_format

TEST_F(RequestParser, ReadsResponseFormat_C185_C188_C189) {
  ExpectAccepted({R"("response_format":{"type":"text"})"});
  ExpectInvalid(
      {R"("response_format":{"type":"json_schema"})",
       R"("response_format":{"type":"json_schema","json_schema":{}})",
       R"("response_format":{"type":"json_schema","json_schema":{"name":"a"}})",
       R"("response_format":{"type":"json_schema","json_schema":{"schema":{}}})",
       R"("response_format":{"type":"json_schema","json_schema":{"name":"a b","schema":{}}})",
       R"("response_format":{"type":"yaml"})", R"("response_format":"json_object")",
       R"("response_format":{})"});
  const chat::ChatRequest request = Request(
      R"("response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"b":1},"strict":true}})",
      "J");
  EXPECT_EQ(std::get<chat::JsonSchemaFormat>(request.response_format).schema_json, R"({"b":1})");
}

TEST_F(RequestParser, RefusesJsonModeWhereTheModelHasNone_C195) {
  EXPECT_EQ(With(R"("response_format":{"type":"json_object"})"),
            (Refused{400, 20024, "Json mode is not supported for this model."}));
}

// ---- 9.12: anything at all

TEST_F(RequestParser, AnswersMutatedBodiesByTheBook_C278) {
  const std::string whole =
      R"({"model":"M","messages":[{"role":"system","content":"s"},{"role":"user","content":)"
      R"([{"type":"text","text":"a"}],"name":"n"},{"role":"assistant","content":null,"tool_calls":)"
      R"([{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
      R"({"role":"tool","tool_call_id":"c","content":"1"}],"stream":true,"stop":["a","b"],"n":2,)"
      R"("temperature":0.5,"top_k":5,"seed":1,"logit_bias":{"5":1},"tools":[{"type":"function",)"
      R"("function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":"auto",)"
      R"("thinking":{"type":"enabled"},"response_format":{"type":"text"}})";
  ASSERT_EQ(RefusalOf(fixture_.Parse(whole)).status, 200)
      << RefusalOf(fixture_.Parse(whole)).message;
  uint64_t state = 1;
  const auto below = [&state](size_t bound) { return base::SplitMix64(state++) % bound; };
  constexpr std::string_view kBytes = "{}[]\",:0123456789-.eE\\nultrfasx \n\x80\xff";
  for (int i = 0; i < 5000; ++i) {
    std::string body = whole;
    for (size_t changes = 1 + below(3); changes > 0; --changes) {
      const size_t at = below(body.size());
      switch (below(3)) {
        case 0:
          body[at] = kBytes[below(kBytes.size())];
          break;
        case 1:
          body.erase(at, 1 + below(8));
          break;
        default:
          body.insert(at, body.substr(below(body.size()), below(12)));
      }
    }
    const Refused refused = RefusalOf(fixture_.Parse(body));
    EXPECT_TRUE(refused.status == 200 || refused.status == 400) << body;
    EXPECT_EQ(refused.code == 0, refused.status == 200) << body;
    EXPECT_TRUE(base::IsValidUtf8(refused.message)) << body;
  }
}

// ---- streams

TEST_F(RequestParser, DecidesWhereUsageAppears_C242_C243_C244_C246_C247) {
  const auto usage = [this](std::string_view more) {
    return fixture_.ParseWith(more)->reply.stream_usage;
  };
  EXPECT_EQ(usage(R"("stream":true)"), StreamUsage::kEveryChunk);
  EXPECT_EQ(usage(R"("stream":true,"stream_options":{"include_usage":true})"),
            StreamUsage::kOwnChunk);
  EXPECT_EQ(usage(R"("stream":true,"stream_options":{"include_usage":false})"), StreamUsage::kNone);
  EXPECT_EQ(usage(R"("stream":true,"stream_options":{})"), StreamUsage::kNone);
  ExpectInvalid({R"("stream_options":5)", R"("stream_options":{"include_usage":1})"});
  ExpectAccepted({R"("stream_options":{"include_usage":true})"});
  fixture_.options.stream_usage = StreamUsageDefault::kOpenAi;
  EXPECT_EQ(usage(""), StreamUsage::kNone);
  fixture_.options.stream_usage = StreamUsageDefault::kFinal;
  EXPECT_EQ(usage(""), StreamUsage::kLastFinish);
}

}  // namespace
}  // namespace millrace::api
