"""Pictures and other media: C-199 to C-217."""
import json

import pytest

from pending import VISION
from pictures import data_url, huge_png, image, looking, picture, picture_server
from unit_tests import prove
from wire import ok, refused, usage

FEW = {"max_tokens": 4}
BAD_URL = "The media URL is invalid or could not be loaded."
NO_PICTURE = "image_url provided is not a valid image."
PIXEL = picture("PNG", 1, 1)


def see(target, *parts, **fields):
    return target.chat("V", looking(*parts), **{**FEW, **fields})


PROOFS = {  # of the same statements inside the program, for as long as no served model sees
    "199": [("media", "MediaLoader.FetchesAndDecodesARemotePicture")],
    "200": [("api", "MediaParts.AreLoadedBeforeTheBackendSeesThem_C200"),
            ("media", "DecodeImage.FindsTheFormatFromTheBytesAlone")],
    "201": [("media", "MediaLoader.DecodesAPictureWhateverItsDeclaredType")],
    "204": [("api", "Messages.CheckTheShapeOfPicturesFirst_C204")],
    "207": [("api", "MediaParts.MustBeBase64AndPictures_C207")],
    "208": [("api", "MediaParts.MustBeURLsOfAKnownKind_C208")],
    "209": [("api", "MediaParts.AreNotFetchedFromPrivatePlaces_C209"),
            ("media", "FetchFromSite.MakesNoConnectionToAnAddressThatIsNotPublic"),
            ("media", "FetchFromSite.ANameIsJudgedByWhatItResolvesTo")],
    "210": [("media", "FetchFromSite.EverythingElseFailsWithOneMessage"), ("media", "Fetch.EndsAtItsTimeLimit"),
            ("media", "FetchFromSite.HoldsTheSizeLimitToTheByte")],
    "211": [("media", "MediaLoader.RefusesRemoteMediaWhereTheyAreSwitchedOff")],
    "212": [("api", "MediaParts.AreCounted_C212"), ("media", "MediaLoader.HoldsTheBytesOfOneItemAndOfAll")],
    "213": [("media", "HostileImage.ATinyFileThatClaimsAHugePictureIsRefused")],
    "217": [("media", "DecodeImage.TakesASinglePixel")],
}


@pytest.fixture(autouse=True)
def meanwhile(request, servers):
    """Statements about pictures wait for a served model that sees; what proves them meanwhile must hold."""
    number = request.function.__name__[7:10]
    if number in ("203", "214", "215", "216") or servers.sees:
        return
    proofs = PROOFS.get(number, [])
    for folder, name in proofs:
        prove(folder, name)
    proved = ", ".join(f"{folder}: {name}" for folder, name in proofs)
    pytest.xfail(VISION + (f"; inside the program it holds ({proved})" if proved else ""))


def allowing(own, server, **api):
    """A server that may fetch from this picture server, which is on this machine."""
    host, port = server.server_address[:2]
    return own(api={"media": {"allowed_addresses": [f"{host}/32"], "allowed_ports": [port]}, **api}, roles=["V"])


def address(server, path: str) -> str:
    return "http://{}:{}{}".format(*server.server_address[:2], path)


@pytest.fixture(scope="module")
def pictures():
    with picture_server() as server:
        yield server


def test_c_199_remote_picture(own, pictures):
    """A text and a picture by http: 200."""
    target = allowing(own, pictures)
    ok(see(target, image(address(pictures, "/picture"))))
    ok(see(target, image(address(pictures, "/to?/picture"))))
    assert pictures.asked[-3:] == ["/picture", "/to?/picture", "/picture"]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_c_200_formats(target, kind):
    """A base64 picture of each format: 200."""
    ok(see(target, image(data_url(picture(kind), f"image/{kind.lower()}"))))


def test_c_201_wrong_label(target):
    """A WebP picture labelled as JPEG: 200."""
    ok(see(target, image(data_url(picture("WEBP"), "image/jpeg"))))


def test_c_202_plain_url(target):
    """image_url as a plain text: 200."""
    ok(see(target, {"type": "image_url", "image_url": data_url(PIXEL)}))


@pytest.mark.parametrize("role", ["N", "M", "BARE"])
def test_c_203_picture_elsewhere(target, role):
    """A picture on a text model: 400/20041."""
    refused(target.chat(role, looking(image(data_url(PIXEL)))),
            "The model is not a VLM (Vision Language Model). Please use text-only prompts.", code=20041)


@pytest.mark.parametrize("detail, good", [("auto", True), ("low", True), ("high", True), (None, True),
                                          ("medium", False)], ids=str)
def test_c_204_detail(target, detail, good):
    """detail is auto, low or high."""
    reply = see(target, image(data_url(PIXEL), detail=detail))
    if good:
        ok(reply)
    else:
        refused(reply, "messages.0.content.1.image_url.detail: Input should be 'auto', 'low' or 'high'")


def cost(target, width: int, height: int, **more) -> int:
    with_picture = usage(see(target, image(data_url(picture("PNG", width, height)), **more)))["prompt_tokens"]
    small = usage(see(target, image(data_url(picture("PNG", 56, 56)), detail="high")))["prompt_tokens"]
    return with_picture - small + 4  # a 56 × 56 picture is 2 × 2 patches of 28


@pytest.mark.parametrize("width, height, detail, tokens", [(1024, 1024, "low", 256), (1024, 1024, "high", 1369),
                                                           (224, 448, "high", 128)])
def test_c_205_cost(target, width, height, detail, tokens):
    """The cost of a picture on a Qwen-VL record follows the documented table."""
    assert cost(target, width, height, detail=detail) == tokens


def test_c_206_default_detail(target):
    """No detail costs as high, auto as low."""
    assert cost(target, 280, 280) == cost(target, 280, 280, detail="high")
    assert cost(target, 280, 280, detail="auto") == cost(target, 280, 280, detail="low")


@pytest.mark.parametrize("url", ["data:image/png;base64,@@@@", "data:image/png,abcd", "data:image/png;base64,QUJ*",
                                 "data:,x"])
def test_c_207_bad_base64(target, url):
    """Broken base64: 400/20023; base64 of something else: 400/20015."""
    refused(see(target, image(url)), "Invalid base64 data.", code=20023)
    for content in (b"no picture at all", b"", PIXEL[:30], b"%PDF-1.4"):
        assert refused(see(target, image(data_url(content)))) == NO_PICTURE


@pytest.mark.parametrize("url", ["ftp://example.com/a.png", "file:///etc/passwd", "iVBORw0KGgo=", "", "http://",
                                 "javascript:1", "//example.com/a.png"])
def test_c_208_schemes(target, url):
    """Other schemes and bare base64: 400/20038."""
    refused(see(target, image(url)), BAD_URL, code=20038)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]", "2130706433",
                                  "0x7f.1", "127.1", "user@127.0.0.1"])
def test_c_209_private_addresses(target, pictures, servers, host):
    """Addresses of this machine and of private networks: 400/20038, and no connection is made."""
    if servers.foreign:
        pytest.skip("the listener must be on the server's machine")
    before = len(pictures.asked)
    refused(see(target, image(f"http://{host}:{pictures.server_address[1]}/picture")), BAD_URL, code=20038)
    refused(see(target, image(f"http://{host}/picture")), BAD_URL, code=20038)
    assert len(pictures.asked) == before


@pytest.mark.parametrize("host", ["10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1",
                                  "[fd00::1]", "[fe80::1]"])
def test_c_209_other_private_addresses(target, host):
    """Addresses of private networks and of metadata services: 400/20038."""
    refused(see(target, image(f"http://{host}/latest/meta-data/")), BAD_URL, code=20038)


def test_c_209_redirect_to_a_private_address(own, pictures):
    """A redirect to such an address is not followed."""
    with picture_server("127.0.0.2") as outside:
        target = own(api={"media": {"allowed_addresses": ["127.0.0.2/32"], "allowed_ports": [
            outside.server_address[1], pictures.server_address[1]]}}, roles=["V"])
        before = len(pictures.asked)
        url = address(outside, "/to?" + address(pictures, "/picture"))
        refused(see(target, image(url)), BAD_URL, code=20038)
        assert outside.asked and len(pictures.asked) == before


@pytest.mark.parametrize("path, code", [("/missing", 20038), ("/large", None), ("/to?/to?/to?/to?/picture", 20038),
                                        ("/never", 20038)])
def test_c_210_failed_fetch(own, pictures, path, code):
    """A fetch that fails, is too large or never ends: 400, and the reply comes."""
    reply = see(allowing(own, pictures), image(address(pictures, path)))
    if code:
        refused(reply, BAD_URL, code=code)
    else:
        assert reply.status == 400 and reply.json()["code"] in (20038, 20042), str(reply)


def test_c_211_no_fetching(own, pictures):
    """With fetch_remote_media off an http address: 400/20055."""
    target = allowing(own, pictures, fetch_remote_media=False)
    before = len(pictures.asked)
    refused(see(target, image(address(pictures, "/picture"))), "Only base64 encoded media is accepted.", code=20055)
    assert len(pictures.asked) == before


def test_c_212_too_many(target, servers):
    """More pictures than the record takes: 400/20015; more bytes together: 413/20043."""
    if servers.foreign:
        pytest.skip("the limits of the server are not known")
    refused(see(target, *[image(data_url(PIXEL))] * 4), "messages: List should have at most 3 items")
    large = PIXEL + bytes(19 << 20)
    refused(see(target, *[image(data_url(large))] * 3), "Total media size is too large.", status=413, code=20043)


@pytest.mark.parametrize("width, height", [(16385, 8), (60000, 60000), (10000, 10000)])
def test_c_213_huge_pictures(target, width, height):
    """A small file that says it is huge: 400/20015 without the memory."""
    before = 0 if target.foreign else target.server.resident_bytes()
    assert refused(see(target, image(data_url(huge_png(width, height))))) == NO_PICTURE
    if not target.foreign:
        assert target.server.resident_bytes() - before < 64 << 20


@pytest.mark.parametrize("role", ["system", "assistant", "tool"])
def test_c_214_pictures_of_others(target, role):
    """A picture outside a user message: 400/20015."""
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    before = [{"role": "assistant", "content": None, "tool_calls": [call]}] if role == "tool" else []
    message = {"role": role, "content": [image(data_url(PIXEL))], "tool_call_id": "c"}
    refused(target.chat("V", [{"role": "user", "content": "hi"}, *before, message]),
            f"messages.{len(before) + 1}.content.0")


def test_c_215_text_on_a_vlm(target):
    """A text request on a VLM record: 200."""
    ok(target.chat("V", **FEW))
    ok(target.chat("V", [{"role": "user", "content": [{"type": "text", "text": "hi"}]}], **FEW))


@pytest.mark.parametrize("part", [
    {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAA", "max_frams": 4}},
    {"type": "audio_url", "audio_url": {"url": "data:audio/wav;base64,AAAA"}},
    {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
], ids=lambda part: part["type"])
def test_c_216_other_media(target, part):
    """Video and audio on a record without them: 400/20015; max_frams is read as max_frames."""
    for role in ("V", "N"):
        refused(target.chat(role, looking(part)), "messages.0.content.1: ", contains="not supported by this model")
    wrong = json.loads(json.dumps(part).replace("max_frams\": 4", "max_frams\": 0"))
    if wrong != part:
        refused(target.chat("V", looking(wrong)), "messages.0.content.1.video_url.max_frams: Must be")


def test_c_217_order_of_pictures(target):
    """The order of pictures matters, and a picture of one pixel is accepted."""
    red, blue = (image(data_url(picture("PNG", 56, 56, colour))) for colour in ((255, 0, 0), (0, 0, 255)))
    asked = {"temperature": 0, "max_tokens": 24, "logprobs": True}
    one, other = (see(target, *pair, **asked) for pair in ((red, blue), (blue, red)))
    assert ok(one)["choices"][0]["logprobs"] != ok(other)["choices"][0]["logprobs"]
    ok(see(target, image(data_url(PIXEL))))
