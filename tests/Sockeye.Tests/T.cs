namespace TestsSockeyeTests;
public class T { [Fact] public void A() { } }
