expr 1+1
#---
expr 1 + 1
#---
expr {1+1}
#---
expr {1}+{1}
#---
expr "1+1"
#---
expr 1 +1
#---
expr
#---
expr {}
#---
expr { }
#---
expr a
#---
expr {a}
#---
expr {"a"}
#---
expr {{a}}
#---
expr {$x}
#---
set x 5; expr $x+1
#---
set x 5; expr {$x+1}
#---
set x 5; expr {$x + $x * $x}
#---
set x "1 + 1"; expr $x
#---
set x "1 + 1"; expr {$x}
#---
set x "1 + 1"; expr {$x + 1}
#---
set a(x) 5; expr {$a(x) * 2}
#---
set a(5) 6; set x 5; expr {$a($x)}
#---
expr {[list 1] + 2}
#---
expr {[expr 1+1] * [expr 2+2]}
#---
expr {"[list a b]" eq "a b"}
#---
expr {"a$"}
#---
expr {"a" eq {a}}
#---
expr {"5" == 5.0}
#---
expr {"5" eq 5.0}
#---
expr {"a" == "A"}
#---
expr {"abc" < "abd"}
#---
expr {"10" < "9"}
#---
expr {"10" < "9a"}
#---
expr {"0x10" == 16}
#---
expr {"0x10" eq 16}
#---
expr {"1e1" == 10}
#---
expr {" 1 " == 1}
#---
expr {"" == ""}
#---
expr {"" == 0}
#---
expr {"" < 0}
#---
expr {"a" + 1}
#---
expr {"" + 1}
#---
expr {"5" + "6"}
#---
expr {"5 " + "6"}
#---
expr {"5a" + 6}
#---
expr {{1 2} + 1}
#---
expr {true}
#---
expr {true + 1}
#---
expr {!true}
#---
expr {!yes}
#---
expr {!"no"}
#---
expr {true && false}
#---
expr {true == 1}
#---
expr {yes ? "a" : "b"}
#---
expr {tru}
#---
expr {on}
#---
expr {off || on}
#---
expr {o}
#---
expr {1 ? 2 : 3}
#---
expr {0 ? 2 : 3}
#---
expr {0 ? [error a] : 3}
#---
expr {1 ? 2 : [error a]}
#---
expr {1 ? 2}
#---
expr {1 : 2}
#---
expr {? 1 : 2}
#---
expr {1 ? : 2}
#---
expr {1 ? 2 : }
#---
expr {1 ? 2 ? 3 : 4 : 5}
#---
expr {0 ? 1 : 0 ? 2 : 3}
#---
expr {1 && [set x 5]}
#---
expr {0 && [error a]}
#---
expr {1 || [error a]}
#---
expr {0 || [error a]}
#---
expr {0 || "abc"}
#---
expr {"abc" || 1}
#---
expr {1 || "abc"}
#---
expr {1 && "abc"}
#---
expr {0 && "abc"}
#---
expr {1 && $nosuch}
#---
expr {0 && $nosuch}
#---
expr {1 &&}
#---
expr {&& 1}
#---
expr {1 & & 1}
#---
expr {1 +}
#---
expr {+ 1}
#---
expr {+}
#---
expr {* 1}
#---
expr {1 * / 2}
#---
expr {1 2}
#---
expr {1 "a"}
#---
expr {(1}
#---
expr {1)}
#---
expr {()}
#---
expr {(1)}
#---
expr {((1))}
#---
expr {(1)(2)}
#---
expr {(1) 2}
#---
expr {1,2}
#---
expr {,}
#---
expr {max(1,2)}
#---
expr {max(1 2)}
#---
expr {max(1,)}
#---
expr {max(,1)}
#---
expr {max()}
#---
expr {max}
#---
expr {max 1}
#---
expr {nosuch(1)}
#---
expr {nosuch}
#---
expr {nosuch + 1}
#---
expr {a b}
#---
expr {a(b)}
#---
expr {1a}
#---
expr {0x}
#---
expr {0xg}
#---
expr {0b2}
#---
expr {0o8}
#---
expr {08}
#---
expr {09 + 1}
#---
expr {010}
#---
expr {0o10}
#---
expr {0x10}
#---
expr {0X1f}
#---
expr {0b11}
#---
expr {1_000}
#---
expr {1e}
#---
expr {1e5}
#---
expr {1e+5}
#---
expr {1E5}
#---
expr {.5}
#---
expr {5.}
#---
expr {.}
#---
expr {1.2.3}
#---
expr {1..2}
#---
expr {Inf}
#---
expr {-Inf}
#---
expr {inf + 1}
#---
expr {Infinity}
#---
expr {NaN}
#---
expr {NaN == NaN}
#---
expr {Inf - Inf}
#---
expr {Inf * 0}
#---
expr {1/0}
#---
expr {1.0/0}
#---
expr {0/0}
#---
expr {0.0/0}
#---
expr {1%0}
#---
expr {1.5 % 2}
#---
expr {1 % 2.5}
#---
expr {-7 / 2}
#---
expr {-7 % 2}
#---
expr {7 / -2}
#---
expr {7 % -2}
#---
expr {-7 / -2}
#---
expr {-7 % -2}
#---
expr {7.0 / 2}
#---
expr {2 ** 10}
#---
expr {2 ** -1}
#---
expr {2 ** 0.5}
#---
expr {-2 ** 2}
#---
expr {2 ** 3 ** 2}
#---
expr {0 ** 0}
#---
expr {0 ** -1}
#---
expr {1 ** -5}
#---
expr {-1 ** -5}
#---
expr {(-1) ** -5}
#---
expr {2.0 ** -1}
#---
expr {(-8) ** (1.0/3)}
#---
expr {2 ** 100}
#---
expr {2 ** 64}
#---
expr {2 ** 63}
#---
expr {-(2 ** 63)}
#---
expr {10 ** 30}
#---
expr {(10 ** 30) / 7}
#---
expr {(10 ** 30) % 7}
#---
expr {-(10 ** 30) / 7}
#---
expr {-(10 ** 30) % 7}
#---
expr {10**30 - 10**30 + 1}
#---
expr {9223372036854775807 + 1}
#---
expr {-9223372036854775808 - 1}
#---
expr {9223372036854775807 * 2}
#---
expr {99999999999999999999 == 1e20}
#---
expr {9007199254740993 == 9007199254740992.0}
#---
expr {1 << 10}
#---
expr {1 << 64}
#---
expr {1 << 0}
#---
expr {1 << -1}
#---
expr {-1 << 3}
#---
expr {1 >> 1}
#---
expr {-1 >> 1}
#---
expr {-8 >> 1}
#---
expr {-8 >> 100}
#---
expr {8 >> 100}
#---
expr {1 >> -1}
#---
expr {1.0 << 1}
#---
expr {1 << 1.0}
#---
expr {5 & 3}
#---
expr {5 | 3}
#---
expr {5 ^ 3}
#---
expr {~5}
#---
expr {~-1}
#---
expr {-5 & 3}
#---
expr {-5 | 3}
#---
expr {-5 ^ 3}
#---
expr {5.0 & 3}
#---
expr {~5.0}
#---
expr {~"a"}
#---
expr {-"a"}
#---
expr {+"a"}
#---
expr {!"a"}
#---
expr {- 5}
#---
expr {--5}
#---
expr {-+-5}
#---
expr {!!5}
#---
expr {!0.0}
#---
expr {!""}
#---
expr {-0}
#---
expr {-0.0}
#---
expr {0.0 == -0.0}
#---
expr {1 < 2 < 3}
#---
expr {3 > 2 > 1}
#---
expr {1 == 1 == 1}
#---
expr {1 < 2 == 1}
#---
expr {1 + 2 * 3}
#---
expr {(1 + 2) * 3}
#---
expr {10 - 2 - 3}
#---
expr {100 / 10 / 2}
#---
expr {1 | 2 ^ 3 & 4}
#---
expr {1 << 2 + 1}
#---
expr {1 + 2 << 3}
#---
expr {1 == 2 | 1}
#---
expr {1 || 0 && 0}
#---
expr {!1 + 1}
#---
expr {!(1 + 1)}
#---
expr {~1 + 1}
#---
expr {2 * -3}
#---
expr {2 - -3}
#---
expr {2--3}
#---
expr {2+-3}
#---
expr {2-+3}
#---
expr {5 eq 5}
#---
expr {5 ne 5}
#---
expr {"a" eq "a"}
#---
expr {"a"eq"a"}
#---
expr {a eq b}
#---
expr {5 eq5}
#---
expr {1 in {1 2 3}}
#---
expr {4 in {1 2 3}}
#---
expr {4 ni {1 2 3}}
#---
expr {"a b" in {{a b} c}}
#---
expr {1 in "1 2"}
#---
expr {1.0 in {1 2}}
#---
expr {1 in 1}
#---
expr {1 in {a {b}}
#---
expr {"x" in "a \{b"}
#---
expr {1 in {}}
#---
expr {{} in {{}}}
#---
expr {1 eq 1 in {1}}
#---
expr {1 < "a"}
#---
expr {"a" > 1}
#---
expr {"B" < "a"}
#---
expr {"é" > "z"}
#---
expr {"" < "a"}
#---
expr {1.0}
#---
expr {1.50}
#---
expr {1e3}
#---
expr {1e20}
#---
expr {1e15}
#---
expr {1e16}
#---
expr {1e17}
#---
expr {123456789.123456789}
#---
expr {0.1 + 0.2}
#---
expr {1.0/3}
#---
expr {2.0/3}
#---
expr {1e-4}
#---
expr {1e-5}
#---
expr {0.0001}
#---
expr {0.00001}
#---
expr {1.0e-10}
#---
expr {1e100}
#---
expr {1e308 * 10}
#---
expr {-1e308 * 10}
#---
expr {1e-400}
#---
expr {1e400}
#---
expr {3.0 * 2}
#---
expr {3 * 2.0}
#---
expr {6 / 4.0}
#---
expr {int(3.7)}
#---
expr {int(-3.7)}
#---
expr {int(1e10)}
#---
expr {int(1e20)}
#---
expr {int(9223372036854775808)}
#---
expr {wide(9223372036854775808)}
#---
expr {entier(1e20)}
#---
expr {round(2.5)}
#---
expr {round(-2.5)}
#---
expr {round(3.5)}
#---
expr {round(1e20)}
#---
expr {round(5)}
#---
expr {floor(2.7)}
#---
expr {ceil(2.1)}
#---
expr {floor(-2.1)}
#---
expr {abs(-5)}
#---
expr {abs(-5.5)}
#---
expr {abs(-9223372036854775808)}
#---
expr {abs(-0.0)}
#---
expr {double(5)}
#---
expr {double("a")}
#---
expr {double("5")}
#---
expr {bool("yes")}
#---
expr {bool(0.0)}
#---
expr {bool("x")}
#---
expr {sqrt(16)}
#---
expr {sqrt(2)}
#---
expr {sqrt(-1)}
#---
expr {isqrt(17)}
#---
expr {isqrt(-1)}
#---
expr {isqrt(10**20)}
#---
expr {pow(2,10)}
#---
expr {pow(2,0.5)}
#---
expr {pow(-1,0.5)}
#---
expr {pow(0,-1)}
#---
expr {exp(0)}
#---
expr {log(0)}
#---
expr {log(-1)}
#---
expr {log(1)}
#---
expr {log10(1000)}
#---
expr {fmod(7,3)}
#---
expr {fmod(-7,3)}
#---
expr {fmod(7,0)}
#---
expr {hypot(3,4)}
#---
expr {atan2(1,1)}
#---
expr {sin(0)}
#---
expr {cos(0)}
#---
expr {acos(2)}
#---
expr {asin(2)}
#---
expr {min(3,1,2)}
#---
expr {max(3,1,2)}
#---
expr {min(1)}
#---
expr {min(1, 1.0)}
#---
expr {max(1, 1.0)}
#---
expr {max("a", 1)}
#---
expr {max(1, 2.5)}
#---
expr {min(5, 10**20)}
#---
expr {rand() < 1}
#---
expr {srand(5) == srand(5)}
#---
expr {srand("a")}
#---
expr {int (3.7)}
#---
expr {int( 3.7 )}
#---
expr {abs(1, 2)}
#---
expr {abs()}
#---
expr {abs( }
#---
expr {abs(1}
#---
expr {int("3")}
#---
expr {int("3.7")}
#---
expr {int(" 3 ")}
#---
expr {round("x")}
#---
expr {1 + [error boom]}
#---
expr {1 + [list a b]}
#---
expr {1 + {}}
#---
expr {1 + ""}
#---
expr 1 + {}
#---
expr {#}
#---
expr {1 # comment}
#---
expr {1 @ 2}
#---
expr {1 = 2}
#---
expr {1 === 2}
#---
expr {1 != 2}
#---
expr {1 <> 2}
#---
expr {1 ! 2}
#---
expr {1; 2}
#---
expr {[list 1}
#---
expr {"abc}
#---
expr {{abc}
#---
expr {$}
#---
expr {$x(}
#---
expr {a(}
#---
expr {\x31}
#---
expr {"\x31" + 1}
#---
expr {"\n" eq {\n}}
#---
expr {{\n} eq "\\n"}
#---
expr {"a b" eq {a b}}
#---
expr {"${x}"}
#---
set x 3; expr {"${x}" + 1}
#---
set x 3; expr {"$x$x" + 1}
#---
set x 3; expr "$x$x + 1"
#---
set x abc; expr $x
#---
set x abc; expr {$x}
#---
set x abc; expr {$x eq "abc"}
#---
set x abc; expr $x eq "abc"
#---
set x {}; expr $x
#---
set x {}; expr {$x}
#---
set x -5; expr -$x
#---
set x -5; expr {-$x}
#---
set x 010; expr {$x + 1}
#---
set x 08; expr {$x + 1}
#---
set x 0x1F; expr {$x}
#---
set x 0x1F; expr {$x + 0}
#---
set x 1.50; expr {$x}
#---
set x 1.50; expr {$x + 0}
#---
set x " 5 "; expr {$x}
#---
set x " 5 "; expr {$x + 0}
#---
set x 1e3; expr {$x}
#---
set x 5; expr {$x++}
#---
set x 5; expr {$x += 1}
#---
expr {1 <= 1}
#---
expr {1 >= 2}
#---
expr {1 =< 2}
#---
expr {1 and 2}
#---
expr {1 or 2}
#---
expr {not 1}
#---
expr {1 lt 2}
#---
expr {"a" lt "b"}
#---
expr {"a" . "b"}
#---
expr {1 ?2:3}
#---
expr {1?2:3}
#---
expr {1?"a":"b"}
#---
expr {1?a:b}
#---
expr {"1"?{a}:{b}}
#---
expr {[set x 1] ? $x : 0}
#---
expr {(1 ? 2 : 3) + 4}
#---
expr {1 ? 2 : 3 + 4}
#---
expr {1,2 + 3}
#---
expr {2 + 3)}
#---
expr {(2 + 3}
#---
expr {2 + (3}
#---
expr {2 + )3}
#---
expr {[] + 1}
#---
expr {"[]"}
#---
expr {[list] eq ""}
#---
expr "{a} eq {a}"
#---
expr {"a\
#---
b" eq "a b"}
#---
expr {1 +
#---
2}
#---
expr {1
#---
+ 2
#---
}
#---
expr { 1 }
#---
expr "	1	"
#---
expr {1\
#---
+ 2}
#---
expr {0xFFFFFFFFFFFFFFFF}
#---
expr {0xFFFFFFFFFFFFFFFF + 1}
#---
expr {-0x10}
#---
expr {+0x10}
#---
expr {0b1111 ^ 0b1010}
#---
expr {12345678901234567890 * 98765432109876543210}
#---
expr {123456789012345678901234567890 % 1000007}
#---
expr {123456789012345678901234567890 / 3.0}
#---
expr {123456789012345678901234567890 + 0.5}
#---
expr {10**400 * 1.0}
#---
expr {10**400 > 1e308}
#---
expr {10**20 < 1e20}
#---
expr {10**20 == 1e20}
#---
expr {-10**20 & 0xFF}
#---
expr {10**20 | 1}
#---
expr {10**20 >> 10}
#---
expr {10**20 << 10}
#---
expr {~(10**20)}
#---
expr {1 << 100 >> 100}
#---
expr {9 ** 0.5}
#---
expr {(2**63) % -5}
#---
expr {-(2**63) % 5}
#---
expr {-9223372036854775808 / -1}
#---
expr {-9223372036854775808 % -1}
#---
expr {5 % -9223372036854775808}
#---
expr {"9223372036854775808" + 0}
#---
expr {1e16 + 1}
#---
expr {4.35 * 100}
#---
expr {1.1 + 2.2}
#---
expr {100 * 1.1}
#---
expr {3.14159265358979}
#---
expr {22 / 7.0}
#---
expr {1e23}
#---
expr {1.7976931348623157e308}
#---
expr {2.2250738585072014e-308}
#---
expr {5e-324}
#---
if {1 +} {}
#---
if {a} {}
#---
if {"a"} {}
#---
if {} {}
#---
if 5a {}
#---
while {a} {}
#---
while "0" {}
#---
for {} {0 +} {} {}
#---
for {} {x} {} {}
#---
expr {wide(5.9)}
#---
expr {wide("a")}
#---
expr {int(Inf)}
#---
expr {round(Inf)}
#---
expr {int(NaN)}
#---
expr {entier(Inf)}
#---
expr {isqrt(2.9)}
#---
expr {isqrt("a")}
#---
expr {cosh(0) + sinh(0) + tanh(0)}
#---
expr {tan(0.5)}
#---
expr {atan(1) * 4}
#---
expr {acos(-1)}
#---
expr {exp(1)}
#---
expr {log(10)}
#---
expr {int(-0.5)}
#---
expr {round(-0.5)}
#---
expr {round(0.5)}
#---
expr {ceil(-0.5)}
#---
expr {floor(5)}
#---
expr {max(5)}
#---
expr {max({1 2})}
#---
expr {srand(1)}
#---
expr {srand(12345)}
#---
expr {1 +
  # comment
  2}
#---
set n 0
proc tick {} {incr ::n; return 1}
expr {0 && [tick]}
expr {1 || [tick]}
expr {1 ? 1 : [tick]}
set n
#---
set x 5
expr {
  $x > 3
  && $x < 10
}
#---
set a 0x10; expr {1 ? $a : 2}
#---
set a 0x10; expr {-15 ? $a : 2<3}
#---
proc f {} {set a 0x10; expr {-15 ? $a : 2<3}}; f
#---
set a 0x10; expr {$a ? $a : 2<3}
#---
set a 0x10; expr {$a>1 ? $a : 2<3}
#---
set a 0x10; expr {$a>1 ? $a : 2}
#---
set a 0x10; expr {$a>1 ? $a : $a}
#---
set a 0x10; expr {$a<1 ? $a : $a}
#---
set a 0x10; expr {$a>1 ? 0x10 : $a<2}
#---
set a 0x10; expr {$a>1 ? abs($a) : $a<2}
#---
set a 0x10; expr {1 ? $a>1 ? $a : 3>4 : 5}
#---
set a 0x10; expr {(1 ? $a : 3>4)}
#---
set a 0x10; expr {1 ? (-3 ? $a : 3>4) : $a > 4}
#---
proc f {} {set a 0x10; expr {1 ? ($a) : 3>4}}; f
#---
proc f {} {set a 0x10; expr {$a ? 0x11 : (4)}}; f
#---
set a " 5 "; expr {1 ? $a : 3>4}
#---
set a " 5 "; expr {!0 ? $a : 3>4}
#---
proc f {} {set a " 5 "; expr {!0 ? $a : 3>4}}; f
#---
proc f {} {expr {!0 ? 0x11 : 3>4}}; f
#---
expr {!0 ? 0x11 : 3>4}
#---
expr {!0 ? 1e20 : 3>4}
#---
expr {($a)}
#---
set a 0x10; expr {($a)}
#---
set a 0x10; expr {(($a))}
#---
proc f {} {set a 0x10; expr {($a)}}; f
#---
expr {" 5 "}
#---
proc f {} {expr {" 5 "}}; f
#---
expr {((0x10)) ? (0x11) : $nosuch}
#---
expr {0x12 ? (0x11) : $nosuch}
#---
expr {0x12 ? 0x11 : 0x12}
#---
expr {0x12 ? (0x11) : (0x12)}
#---
expr {(0x11)+0}
#---
expr {({a})}
#---
set a 1; incr a abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij
#---
set a abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij; incr a
#---
string repeat x abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij
#---
lrepeat abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij x
#---
format %d abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij
#---
expr {abs("abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij")}
#---
expr {int("abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij")}
#---
expr {fmod("abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij",1)}
#---
expr {isqrt("abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij")}
#---
expr {max("abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij",1)}
#---
expr {srand("abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij")}
#---
if {"abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij"} {}
#---
clock add abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij
#---
seek stdin abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij
#---
proc f {} {if {{b} || {1 2} - -9} {}}; f
#---
proc f {} {expr {1 || {1 2} - -9}}; f
#---
proc f {} {expr {0 || {1 2} - -9}}; f
#---
proc f {} {expr {0 && {1 2} - -9}}; f
#---
proc f {} {expr {1 && {1 2} - -9}}; f
#---
proc f {} {expr {1 && 0}}; f
#---
proc f {} {expr {1 && 2}}; f
#---
proc f {} {expr {0 || 2}}; f
#---
proc f {} {expr {0 || 0}}; f
#---
proc f {} {expr {1 ? 2 : 1/0}}; f
#---
proc f {} {expr {0 ? 2 : 1/0}}; f
#---
proc f {} {expr {1 ? 0x10 : 2 ? 3 : 4}}; f
#---
proc f {} {expr {0 ? 0x10 : 2 ? 0x3 : 4}}; f
#---
proc f {} {expr {0 ? 0x10 : 2 ? 0x3 : 4 < 5}}; f
#---
proc f {} {expr {1 ? "a" : 2 + "b"}}; f
#---
proc f {} {if {!"yes"} {list 1} else {list 2}}; f
#---
proc f {} {if {!yes} {list 1} else {list 2}}; f
#---
proc f {} {if {!5} {list 1} else {list 2}}; f
#---
proc f {} {expr {!"yes"}}; f
#---
proc f {} {expr {-"0x10"}}; f
#---
proc f {} {expr {+"0x10"}}; f
#---
proc f {} {expr {"a" in "a b"}}; f
#---
proc f {} {expr {"a" in "{a"}}; f
#---
proc f {} {expr {2**0.5}}; f
#---
proc f {} {expr {60*60*24}}; f
#---
proc f {} {set n 0; for {set i 0} {$i < 2*5} {incr i} {incr n 2}; set n}; f
#---
proc f {} {expr {"0x10" == 16 ? "0x10" : 3}}; f
#---
proc f {} {expr {[list 0x10] ? 0x10 : 1<2}}; f
#---
proc f {} {expr {Inf - Inf}}; f
#---
proc f {} {expr {NaN}}; f
#---
proc f {} {expr {-1 ? NaN : 2 < 3}}; f
#---
proc f {} {while {1/0} {}}; f
#---
proc f {} {for {} {"x" * 2} {} {}}; f
#---
expr {abs(1e20) eq 1e20}
#---
expr {abs(0x10) eq "0x10"}
#---
expr {abs(0x10)}
#---
expr {abs(" 5 ") + 1}
#---
expr {abs(-3)}
#---
proc f {x} {expr {abs($x)}}; list [f 0x10] [f -1.5] [f 1e3] [f 0]
#---
expr {abs(NaN)}
