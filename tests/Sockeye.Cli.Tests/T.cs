namespace TestsSockeyeCliTests;
public class T { [Fact] public void A() { } }
