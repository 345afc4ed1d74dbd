using Lambda.SpeedLayer.Polling;
using Lambda.SpeedLayer.Sources;
using Xunit;

namespace Lambda.SpeedLayer.Tests.Polling;

public sealed class PolledSourceReaderTests
{
    [Theory]
    [InlineData("sources: [{source: a}]", "s.yaml:1:11: expected `url:`")]
    [InlineData("sources: [{source: a b, url: 'http://h/'}]", "s.yaml:1:11: expected `source:`, a name")]
    [InlineData("sources: [{source: a, url: 'ftp://h/'}]", "s.yaml:1:28: expected an http or https address")]
    [InlineData("sources: [{source: a, url: 'http://u:p@h/'}]", "s.yaml:1:28: expected an http or https address")]
    [InlineData("sources: [{source: a, url: 'http://h/'}, {source: a, url: 'http://h/'}]", "s.yaml:1:42: source `a` stands twice")]
    [InlineData("sources: [{source: a, url: 'http://h/', headers: {Authorization: abc}}]", "s.yaml:1:66: a secret by reference")]
    [InlineData("sources: [{source: a, url: 'http://h/', headers: {Authorization: {env: TOKEN}}}]", "s.yaml:1:66: a secret over plain http")]
    [InlineData("sources: [{source: a, url: 'https://h/', headers: {Authorization: {env: NONE}}}]", "s.yaml:1:67: the environment has no NONE")]
    [InlineData("sources: [{source: a, url: 'http://h/', headers: {'a b': c}}]", "s.yaml:1:58: `a b` is no name of a header")]
    [InlineData("sources: [{source: a, url: 'http://h/', paging: {first: 1}}]", "s.yaml:1:49: expected {next: PATH}")]
    [InlineData("sources: [{source: a, url: 'http://h/', since: {parameter: s}}]", "s.yaml:1:48: expected `parameter:`, and `field:`")]
    [InlineData("sources: [{source: a, url: 'http://h/', since: {parameter: s, field: f, type: opaque}}]", "s.yaml:1:79: an opaque cursor of items has no order")]
    [InlineData("sources: [{source: a, url: 'http://h/', since: {parameter: s, field: f, start: soon}}]", "s.yaml:1:80: expected a time")]
    [InlineData("sources: [{source: a, url: 'http://h/', interval: 5}]", "s.yaml:1:51: found `5`, expected a time such as")]
    [InlineData("sources: [{source: a, url: 'http://h/', event_id: '{source}'}]", "s.yaml:1:51: expected fields of the items")]
    [InlineData("sources: [{source: a, url: 'http://h/', fields: {id: text}}]", "s.yaml:1:54: found `text`, expected string, integer")]
    [InlineData("sources: [{source: a, url: 'http://h/', page_bytes: 5}]", "s.yaml:1:53: found `5`, expected a whole number 1024..")]
    public void Read_WhenWrong_NamesThePlace(string yaml, string expected) =>
        Assert.StartsWith(expected, Assert.Throws<SourceListException>(() => Reader().Read(yaml)).Message);

    [Fact]
    public void Read_WhenASecretIsReferredTo_TakesItFromThere()
    {
        var source = Reader().Read("sources: [{source: a, url: 'https://h/', headers: {Authorization: {env: TOKEN, prefix: 'Bearer '}, X-Version: 2}}]")[0];
        Assert.Equal(("Bearer t0p", "2"), (source.Headers["Authorization"], source.Headers["X-Version"]));
    }

    [Fact]
    public void Read_WhenItIsTheSample_HasTwoSources() =>
        Assert.Equal(["contacts", "tickets"], new PolledSourceReader("sources.yaml", _ => "x").Read(File.ReadAllText(Path.Combine(Root(), "samples/sources.yaml"))).Select(s => s.Name));

    private static PolledSourceReader Reader() => new("s.yaml", name => name == "TOKEN" ? "t0p" : null);

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "lambda.yaml"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}
