"""The passwords that are tried first: refused whatever else is true of them."""

_TRIED_FIRST = """
123123123 123321123 123456789a 1234567890 12345678910 123456abc 12345qwert 123qwe123 123qweasd
123qweasdzxc 147258369 159357456 159753456 1a2b3c4d 1a2b3c4d5e 1password 1q2w3e4r 1q2w3e4r5t
1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc 1qazxsw2 1qaz1qaz 741852963 789456123 963852741 987654321
a123456789 aa123456 aa12345678 abc123456 abc12345 abcd1234 abcd12345 abcde12345 abcdef123
access admin admin1234 adminadmin administrator adobe123 alexander alexandra amanda america
andrea andrew angel anthony apple arsenal asdasdasd asdf1234 asdfasdf asdfgh asdfghjk asdfghjkl
asdfghjkl123 ashley asshole austin auction autumn azertyui azertyuiop azerty babygirl badboy
bailey banana barcelona baseball basketball batman beautiful benjamin bigdaddy biteme blahblah
blessed blink182 bond007 brandon buster butterfly caroline changeit changeme changemenow charlie
charlotte cheese chelsea chicken chocolate chris christian christopher cocacola computer
container containers cookie corvette cowboy cowboys creative crystal daniel danielle database
daddy default demo denver devops diamond docker dockerhub dolphin dolphins dragon dragonball
eagles elephant elizabeth eminem england enter everton falcon family ferrari fktrcfylh flower
flowers football forever formula1 france franklin freedom friends fuckyou fuckyou1 gabriel
gandalf garfield gateway george ginger godzilla golden golfer google guitar gwerty hannah
hammer happy harbor harbor12345 harley heather hello hello123 helloworld hellokitty hockey
homer hottie hunter hunter2 iceman iloveu iloveyou iloveyou2 immortal infinity inuyasha
internet jackson jasmine jennifer jessica jesus jonathan jordan jordan23 joseph joshua junior
justin kawasaki killer killer123 kingdom kristina kubernetes lacrosse lakers legend letmein
letmein1 liberty linkedin liverpool login loveme lovely lovers loveyou lucky maggie manchester
manager mamamama marina marlboro martin maryjane master matrix matthew maverick mercedes
metallica michael michelle mickey midnight minecraft mistress mohammed monday money monkey
monster morgan mother motorola mustang mynoob myspace naruto nathan naughty newyork nicholas
nicole nintendo nothing nirvana oliver orange p@ssw0rd p@ssword p@55w0rd pa$$w0rd pa55w0rd
pa55word pakistan parola pass pass1234 passw0rd passwd password password1 password12 password123
password1234 passwort patrick peaches peanut pepper phoenix photoshop playboy player please
pokemon porsche power princess private purple q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 qazwsx qazwsxedc
qazwsx123 qazxswedc qqww1122 qwaszx qwe123qwe qweasd qweasdzxc qweqwe qwer1234 qwert12345
qwertasdfg qwerty qwerty1234 qwerty12 qwerty123 qwertyui qwertyuiop qwertz qwertzui rachel
raiders rainbow ranger rangers realmadrid rebecca redskins registry richard robert rockstar
rockyou rootroot root samantha samsung sandra scooter scorpion scotland secret security server
service shadow shannon silver simple skywalker slipknot snoopy snowboard soccer softball
sophie spider spiderman spring srinivas starwars steelers stephanie steven stupid success
summer sunday sunshine superman superstar superuser support sweety swordfish system tatiana
temp teacher tennis test testing testtest test1234 thomas thunder tigger tinkerbell toor
trustno1 undertaker unicorn united user username vanessa veronica victor victoria viking
virginia volleyball w1w2w3w4 warcraft warrior webmaster welcome welcome1 welcome123 whatever
william wildcats willow windows winner winston winter wizard wordpass xbox360 yankees yellow
zaq12wsx zaq1zaq1 zaq1xsw2 zxcasdqwe zxcv1234 zxcvbnm zxcvbnm1 zxcvbnm123
"""

COMMON = frozenset(_TRIED_FIRST.split())
"""In lower case. A word stands for itself with digits and marks behind it too."""
