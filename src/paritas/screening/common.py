"""Words that many honest names share, however few listed names have them.

How rare a word is on the lists says little about how rare it is among payers and payees: lists
hold few Garcias. These words count as common, whatever the lists say. Names are written in the
spelling that is usual; other spellings of the same name count as common with them.
"""

from __future__ import annotations

#: Words of company names: what companies do, what they call themselves, where they are.
_BUSINESS = """
advisory aerospace agency agri agricultural agro air airlines aluminium american apparel appliances
aqua asia asian asset associates association atlantic auto automation automotive aviation bakery
bank banking beauty beverages bio biotech blue books brand bright brothers build builders building
business cable capital car care cargo cement center central ceramics chemical chemicals city clean
clinic clothing cloud coal coating coffee cold commerce commercial commodities communications
components computer concept construction consult consultancy consultants consulting consumer
container contracting contractors control copper cosmetics cotton courier creative credit crown
crystal data dairy delta dental design development diamond digital direct distribution dragon dry
dynamic eagle earth east eastern eco education electric electrical electronic electronics elite
empire energy engineering enterprise enterprises environmental equipment estate euro europe european
event exchange expert express export exports fabric factory farm farms fashion fertilizer fiber
film finance financial first fish fisheries fitness food foods forest forwarding foundation fresh
fruit fund furniture future galaxy gallery game garden garments gas general glass global globe gold
golden good grain grand granite graphic great green group growth hardware harbor health healthcare
heavy high holding holdings home horizon hospital hotel hotels house ideal image import imports
industrial industries industry infotech infra infrastructure innovation innovations institute
instruments insurance integrated interior international invest investment investments iron island
jet jewelry king kitchen lab laboratories land laser law leader leasing leather life light lighting
line link lion logistics lotus luxury machine machinery machines management manufacturing marble
marine maritime market marketing master materials mechanical media medical metal metals middle
millennium mineral minerals mining mobile modern moon motor motors mountain music national natural
nature network networks new nice north northern nova ocean office oil one optical optics orient
oriental orion pacific packaging packing paint palace paper park partner partners pearl petrol
petroleum petrochemical pharma pharmaceutical pharmaceuticals phoenix pioneer pipe plant plast
plastic plastics platinum port power precision premier premium press prime print printing process
processing product production productions products professional project projects properties property
public publishing pump pumps pure quality real red refinery renewable research resources restaurant
retail rice river road rock royal rubber safe safety sales salt school science scientific sea seafood
security seeds service services shine ship shipping shoes shop silk silver sky smart society soft
software solar solution solutions source south southern spice sport sports square stainless standard
star stars state steel stone storage store strategic studio sugar summit sun sunrise sunshine super
supplies supply support surface sweet swift system systems tea tech technic technical technologies
technology telecom textile textiles tex tiger tile timber time tobacco tool tools top total tour
tourism tours toys trade trader traders trading training trans transit transport transportation
travel trust tyre union unique united unity universal university valley value vegetable venture
ventures victory village vision water wave wealth web west western white wholesale wind wine wood
works world yarn young zone
africa african america anatolia arab arabia arabian australia bangkok beijing berlin brazil british
cairo canada cape chile china chinese colombia dubai egypt emirates england france french german
germany ghana gulf hong india indian indo indonesia iran iraq istanbul italy italia jakarta japan
jordan kazakhstan kenya kong korea kuwait lagos latin lebanon london malaysia mexico moscow mumbai
nigeria nile oman pakistan paris peru poland qatar russia russian saudi shanghai siberia singapore
spain swiss syria syrian taiwan thai thailand turk turkey turkish ural uzbekistan vietnam volga
"""

#: Given and family names that are among the most frequent in some large country.
_PEOPLE = """
aaron abbas abdallah abdul abdullah abraham abu adam adams adel ahmad ahmed ahn aisha akbar akhtar
alan albert alejandro alex alexander alexandra alexei alfred ali alice allen alvarez amir amina amin
amit ana anan anderson andre andrea andrei andrew ang angela anil anita ann anna anne anthony antonio
anwar anton arjun arthur artem asad ashok asif awad ayman ayse aziz bai baker bakr barbara begum
benjamin bernard bibi bilal bin bo boris brian brown bruno bui burak butt cai campbell cao carlos
carmen carol carter castillo castro catherine chan chandra chang charles chavez chen cheng cheung
choi chong chowdhury chris christian christine christopher chu chun clark claudia cohen collins
costa cristina cruz cui da daniel daniela das dang david davies davis dawood deepak deng denis
devi diana diaz diego dieter dina ding dmitri dmitry do dong donald duan duong edward eduardo
ekaterina elena elizabeth emil emma enrique eric erik ernesto esposito eva evans fadi fahad faisal
fan fang farah farhan fatima fatma felipe felix feng ferdinand fernandes fernandez fernando ferrari
ferreira flores francesco francis francisco frank fu gabriel gamal gao garcia gary george gerald
ghulam giovanni gomes gomez gong gonzalez gopal grace green gu guo gupta gustavo gutierrez habib
hadi hai hakim hall hamad hamid hamza han hanna hans harris hasan hassan he helen henry heng hernan
hernandez ho hoang hong hu hua huang hui hughes hung husain hussein ibrahim igor ignacio ilya imran
irina isa isabel islam ismail ivan ivanov ivanova jack jackson jaber jaime jalal jamal james jan
jana jane jang janet javed javier jean jennifer jesus ji jia jian jiang jie jim jimenez jin jing
joao jobs joe johan john johnson jones jong jorge jose joseph joshi juan julia julio jun jung kai
kamal kang kapoor karen karim karl katarina kaur kaya kazim keith kelly kenneth kevin khaled khalid
khalil khan khatun kim king klaus kong kuang kumar kumari kwon lai lam larry laura lee lei leonid
leon leung lewis li lian liang lily lim lin linda ling liu lopes lopez lu lucas lucia luis luiz luo
lydia lynn ma mahdi mahmoud mahmud maksim malik man manuel marcel marco marcos maria marie marina
mario mark marko marques marta martin martinez mary masri masood maya mary medina mehdi mehmet mei
mendoza meng miguel mikhail miller min ming mitchell mo mohamed mohammad mohan moore morales moreno
morgan morris moses moussa mousa muhammad mukherjee munoz murat murphy murray musa mustafa myint na
nabil nadia naidu najjar nam nancy naser nasir nasser natalia nathan nawaz nelson ng ngo nguyen
nicholas nicolas nikolai nikita nina noor nunez nur nuri oleg olga oliveira omar orlando ortega
ortiz oscar osman otto pablo pan park parveen patel patricia patrick paul paula pavel paulo pedro
pei peng pereira perez peter petr petrov phan pham phillips pierre ping popov pradeep prakash qadir
qasim qian qin qing qiu rafael rafiq raghavan rahim rahman rahul raj raja rajesh rajan ram rama
ramadan ramazan ramirez ramon ramos rana rao rashid ravi raymond raza reddy ren reyes reza ribeiro
ricardo richard riyad rivera robert roberto roberts robinson rocha rodrigo rodrigues rodriguez roger
roman romero rosa rose rossi roy ruben ruiz russell ryan saad sabri sadiq saeed said saif salah
salam saleem saleh salem salim salma salman sam sami samir samuel sana sanchez sandra sanjay santos
sara sarah sayed scott sergei sergio serkan shah shahid sharif sharma shen shi shin shu silva simon
singh siti smith smirnov so sofia son song soto sousa souza stefan stephen steven sudhir sulaiman
suleiman sultan sun sunil suresh susan syed taha tan tang tao tariq tatiana taylor thanh thomas
thompson tian tim tony torres tran tuan turner umar usman valentina vargas vasiliy vera victor
viktor vinod viktoria vincent vladimir vo vu walid walker wan wang waleed watson wei wen wilson
wright won wong wood wu xiao xie xin xing xu xue yadav yan yang yao yasin yasir ye yi yin ying
yolanda yong yoon young yousef yu yuan yun yuri yusuf zafar zahid zahra zaki zayed zeng zhang zhao
zheng zhi zhong zhou zhu ziad zuniga
"""

#: All of them.
COMMON = frozenset((_BUSINESS + _PEOPLE).split())
#: The evidence of such a word, in bits, at most.
COMMON_BITS = 6.0
