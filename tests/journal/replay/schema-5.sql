PRAGMA application_id = 1381322322;
PRAGMA user_version = 5;
BEGIN TRANSACTION;
CREATE TABLE attempt (
        run_id              TEXT NOT NULL,
        path                TEXT NOT NULL,
        number              INTEGER NOT NULL,
        timestamp_ms        INTEGER NOT NULL,
        started_at          TEXT NOT NULL,
        key_fingerprint     TEXT NOT NULL,
        answer              TEXT,
        proven_not_executed INTEGER NOT NULL, epoch INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (run_id, path, number),
        FOREIGN KEY (run_id, path) REFERENCES effect (run_id, path)
    ) WITHOUT ROWID
    ;
INSERT INTO "attempt" VALUES('R-accepted','pay',1,1795341601000,'2026-11-22T10:00:01.000000Z','SHA256:test','{"kind":"answered","verdict":"accepted","reason":"accepted as 900000","status":200,"code":"000000","message":"Success","data":{"orderViewId":"900000","requestId":"4105","status":"10"}}',0,1);
INSERT INTO "attempt" VALUES('R-confirmed','pay',1,1795341601000,'2026-11-22T10:00:01.000000Z','SHA256:test','{"kind":"answered","verdict":"accepted","reason":"accepted as 900000","status":200,"code":"000000","message":"Success","data":{"orderViewId":"900000","requestId":"4107","status":"10"}}',0,1);
INSERT INTO "attempt" VALUES('R-duplicate','pay',1,1795341601000,'2026-11-22T10:00:01.000000Z','SHA256:test','{"kind":"answered","verdict":"seen","reason":"G20015 no","status":200,"code":"G20015","message":"no"}',0,1);
INSERT INTO "attempt" VALUES('R-halted','pay',1,1795341601000,'2026-11-22T10:00:01.000000Z','SHA256:test','{"kind":"lost","verdict":"unknown","reason":"the connection was reset"}',0,1);
INSERT INTO "attempt" VALUES('R-lost','pay',1,1795341601000,'2026-11-22T10:00:01.000000Z','SHA256:test','{"kind":"lost","verdict":"unknown","reason":"the connection was reset"}',0,1);
INSERT INTO "attempt" VALUES('R-rejected','pay',1,1795341601000,'2026-11-22T10:00:01.000000Z','SHA256:test','{"kind":"answered","verdict":"not_executed","reason":"G20022 no","status":200,"code":"G20022","message":"no"}',1,1);
INSERT INTO "attempt" VALUES('R-unanswered','pay',1,1795341601000,'2026-11-22T10:00:01.000000Z','SHA256:test',NULL,0,1);
INSERT INTO "attempt" VALUES('R-unsent','pay',1,1795341601000,'2026-11-22T10:00:01.000000Z','SHA256:test',NULL,0,1);
CREATE TABLE chain (
        run_id TEXT NOT NULL,
        number INTEGER NOT NULL,
        kind   TEXT NOT NULL,
        key    TEXT NOT NULL,
        digest TEXT NOT NULL,
        head   TEXT NOT NULL,
        PRIMARY KEY (run_id, number)
    ) WITHOUT ROWID
    ;
INSERT INTO "chain" VALUES('R-accepted',1,'run','[]','413b6b7b0d4fc35598e7a1830bb3a2798e273caa12f07a8a6e0c171aff883c9f','4f1af95806105da63934f4a0322aadc3a4dd89ea2a6a0e90997f4f5110be5bfc');
INSERT INTO "chain" VALUES('R-accepted',2,'owner','[1]','b692ea93d64bba1d3b8b3c2d9c02b58ba7bbb9bfdfb025e38ccdc95cdd120fb8','fe5793419214b250793265a86bef027b51858f041ae50f0a7b35a9df8b14a8e8');
INSERT INTO "chain" VALUES('R-accepted',3,'intent','["pay"]','7271aa4bb01696370b9be99e63b2b0dc851707bf686625b2aa61b50efc57bf20','c0ace7c07de5a6a50b54894ae3ef6e1456ed6163aa6fa0a75979dbefc34698bd');
INSERT INTO "chain" VALUES('R-accepted',4,'transition','[12]','73dd34a87fc12e95e3210340b8bcaaa02aa4381af00d247c1501fb2bf0debaa2','adb560514d46bf5a4eda569bbfb5b7eb45d21658a6929724b1dec9b61eedce07');
INSERT INTO "chain" VALUES('R-accepted',5,'claim','[]','39dee5931101e930dc2d04749504f9ec0e3ebe8fce3ee907ad1760a317e7d0af','b4c3f2045d40532d4aa6dcf88254d4fd36589e0c0b0dce102d222036c2e11330');
INSERT INTO "chain" VALUES('R-accepted',6,'request','["4105"]','555d14f1a53b5e183ac57ab4cef44366742219d56ca139e0fa060fad786c130d','77ebc32046a7e1385146943af2e9cf604c282bfb87bcd6f19a59dbb1e7d7d867');
INSERT INTO "chain" VALUES('R-accepted',7,'attempt','["pay",1]','0b98c2e81083caeb84c266cec516042801d35e82bdc32f3ab7e191497aaff764','8b48a198dac40db52e5125d6f3a67bf577d88767898bf933a970420a1216edea');
INSERT INTO "chain" VALUES('R-accepted',8,'effect','["pay"]','9a67eed39596b72730b0f2405422919b780241dad14e594fc6eee047fc0a3cc5','9fe05ccefd7ddc495dddcb4e2fc49cd1cfdf6ea785047217e348ad32efd25c6c');
INSERT INTO "chain" VALUES('R-accepted',9,'transition','[13]','8de04ae52ea29cbe828ee59b852b0d7845d4dd813ddb53eee5a94ed163afc363','1632fced086d90e90ee504f81ae2ac583e9ca2358c688cc51eceac255c28b162');
INSERT INTO "chain" VALUES('R-accepted',10,'answer','["pay",1]','eabae6e92d34488bddfabd09c0d0bafcee013cb28472a46c2c33b474e47724ac','1d9849d370e29636fa61f97ca3c2e1fb89e47b747332d770603baa0ab9db9ba6');
INSERT INTO "chain" VALUES('R-accepted',11,'effect','["pay"]','9bda7d0724743ae36050fbdc73daedbe6d55d38b94bb03f534a390a1f7aede6d','a42e420301c3cbfc2b278e3c66bbdcfe0bc288c98b5dbc80e63dd333c38e7c88');
INSERT INTO "chain" VALUES('R-accepted',12,'transition','[14]','1e143e74b26ad4fb6e30855aef305e207f62d2b74dd93acd9d9452371c8aded4','0bab50e105354649278bd32902928fbd4db2ece0efacfad7226e6345ce7936e5');
INSERT INTO "chain" VALUES('R-confirmed',1,'run','[]','ce37fba0b054b8f0fda5e5e5e95707e3ad562987b94c275246f099effb2ac26e','6ef41cd6ff1500ff167f4b24fac28c3ff46536eb8f3298cc501a2570e95b39e4');
INSERT INTO "chain" VALUES('R-confirmed',2,'owner','[1]','b692ea93d64bba1d3b8b3c2d9c02b58ba7bbb9bfdfb025e38ccdc95cdd120fb8','30820a88d59c3f8c4dfe78101e5e4dadbef96e945235b3caf39d4a5b28fc986e');
INSERT INTO "chain" VALUES('R-confirmed',3,'intent','["pay"]','a0bd491fa64c0c5038f8fa9fd863a61515253b801526e7486089d7a8eb732720','31c7a136856b5db7a95e180c01751afce0dc2c4316f9603d561c0024047ebc53');
INSERT INTO "chain" VALUES('R-confirmed',4,'transition','[19]','13c5948af22a6f59afee63e0004d985e9ea47e224b7c64b2739bf1594ee91fc2','8a25940a9619ed9ec8999dbab4761a834262e428eb0f6c7a30c2a1f1bc1e581e');
INSERT INTO "chain" VALUES('R-confirmed',5,'claim','[]','ece783a15abc5afefd1f27bbd0457a259119aaee9c8f9914c8ad44e9dbea8f66','f643fac39a8a27bfe928c81de217c9dcefb2400ac6777abcf6b18bb59b5e6f31');
INSERT INTO "chain" VALUES('R-confirmed',6,'request','["4107"]','ba3dda27e8da1a07d2c16156386a873af50312c51d37cecadc4fae4532a69f77','4a2fd5c3574c7d419ba505d632d4ec67385901faff5fe1b804156fc480572887');
INSERT INTO "chain" VALUES('R-confirmed',7,'attempt','["pay",1]','0b98c2e81083caeb84c266cec516042801d35e82bdc32f3ab7e191497aaff764','a16f9fd5b943ce289c14101aaba2f562f9079e4bfbbef777a7d2321ee8925959');
INSERT INTO "chain" VALUES('R-confirmed',8,'effect','["pay"]','54394eb825c5a722b49f64655f85cc9ef5d77bd9a467bf3601c98be1af1d5d24','121fb2dca4331920d104a66fd0e7774c9ba394293cd0ffaf125120a3f3071694');
INSERT INTO "chain" VALUES('R-confirmed',9,'transition','[20]','f98a6de392ad0bc6c4f368e0ee7b17cba0ab073bd4e6150da5d598e40abea342','83dfcca52e69af7db434a8086d4202d53e4e7ab8bb0ecd66e64b39233841813f');
INSERT INTO "chain" VALUES('R-confirmed',10,'answer','["pay",1]','c652d836ef5cb4587532e3a404f7ef2c6b9d0dd9bbfbaf1d4865a7ebeb34e11e','463724dca2fd1d7e05dcfe49f6bdfd97a62dbb4c1e2208721c7b2af178a92213');
INSERT INTO "chain" VALUES('R-confirmed',11,'effect','["pay"]','8980913cac1618770a4221d063dc31064185f931f848d41180e5af1d386a3f84','115a009968cf18a834ce6777844a86db1b1d95408636ed54e2c1615ccde05af4');
INSERT INTO "chain" VALUES('R-confirmed',12,'transition','[21]','77e1871060d537c97f5a34d871522f676274c5949062b708f37156fa6a52c6d2','a543cd5a0d1e190576b8153131908ce46d2f5dc235a22d41205f3a16baa8dede');
INSERT INTO "chain" VALUES('R-confirmed',13,'effect','["pay"]','8e2ed5026ad52b339d5979e736735328007f61b72bc59f130fe318f0ec65b02f','5e9b29316fd2297d15b9321efb8541c2fd6e5ce52a260d2dd1d360776e2daf6b');
INSERT INTO "chain" VALUES('R-confirmed',14,'transition','[22]','aed3305c1413ae8366966181c9d41125a2f28c8125218dd26a41c6c8cb768174','7673d45c7242c1eccbdd72ade261d406f8f628cfe92426880e35c0f615d9a30c');
INSERT INTO "chain" VALUES('R-duplicate',1,'run','[]','793fe2073bf78b2005afa4f61b59a73c44ba8e9fdb444d54b22b01c70ba90356','e3811ca54c4d0bf10c3694e3a8f2353d749092ad67d7686cca1d6680b8eac280');
INSERT INTO "chain" VALUES('R-duplicate',2,'owner','[1]','b692ea93d64bba1d3b8b3c2d9c02b58ba7bbb9bfdfb025e38ccdc95cdd120fb8','c88a8c05e6efb9618ef12940337e9112ce5cd4e513f54529053c6b2cb052027f');
INSERT INTO "chain" VALUES('R-duplicate',3,'intent','["pay"]','66b7118ba17c9a8b67bd9887e1afd2a58726a15176011d3ba61afaa88ade555b','376dcf1a07f491cc222291d61711e06ddec1dcf9a2c5f3ccf63c174323fc4bc4');
INSERT INTO "chain" VALUES('R-duplicate',4,'transition','[9]','c1896c53a45f2051b54f1b6daa4ac682113f9f0963a587c53c68513ca5b07e93','04d6f0b409301dfac8bf69f7e41abd63896fddf8715be4d5acbe047d74d83c94');
INSERT INTO "chain" VALUES('R-duplicate',5,'claim','[]','fd75fd7962370853e86505b89455d5a77abd41bad71f9877ef8ccc0bfabb1e8b','6e0c70d65bdb3d0032edf5ea878be131436ae06f10f6d84821954a1dedc3a984');
INSERT INTO "chain" VALUES('R-duplicate',6,'request','["4104"]','0e59dbd4db325e98feac5162e4b4d58d9c2ace684f3897a7be403512a02a79ba','a5111e5ab2b1949d62d32fa0e08cdae588454e167a1ba17c11af1807e42cec14');
INSERT INTO "chain" VALUES('R-duplicate',7,'attempt','["pay",1]','0b98c2e81083caeb84c266cec516042801d35e82bdc32f3ab7e191497aaff764','85a6ec37e5348f02ed76e2f87be2bd6d4ccaafb744a3e205157246cdd9391d19');
INSERT INTO "chain" VALUES('R-duplicate',8,'effect','["pay"]','56d3fdda9d0ed03cb742d9db255a92846d7401c2db4c227dfef99edebff246f4','07b67fef16ac009570cefd84494364d57e41a10225e1f3cb0f182bed0bca207f');
INSERT INTO "chain" VALUES('R-duplicate',9,'transition','[10]','fef668cf5218ccd2155e416a6fa12cb5afc9cfe4f4aac456b50baee0545dbbed','ab55c2bff3aab305d9a166844d5f232e3cc76778d17296114027ba33be483a43');
INSERT INTO "chain" VALUES('R-duplicate',10,'answer','["pay",1]','6e5d0ad08f1eacbc52d72ed6a3201dbb6f3bcee733fa3058b9826d2ddd1ea0b1','e4f91b23924cf083278fc037c455426941c01c108ea92043076d4d2ba69a300d');
INSERT INTO "chain" VALUES('R-duplicate',11,'effect','["pay"]','0c0076a49bc269eb6cc9c7aa29967251dea8700b6efbc36df6951aaf0dc9f1b7','bad999cfb5dc1bbc459455fb4d717b873a493cea2bb3d6514b4d915910b7fde5');
INSERT INTO "chain" VALUES('R-duplicate',12,'transition','[11]','298b2d7e544f6303b68b012aebfd4a591851dcd384e99011433a537a0a50a5b9','d5d4e2b4e73b6d7bcb7a6af53df7bcb3ac198ffd3915225d5c815ba4aeced5be');
INSERT INTO "chain" VALUES('R-halted',1,'run','[]','257036cdc45e0a33138bb12ccdad867aadc348dfeff41959d8bd616924d11fe5','522792def94c868743517d61db799569ef41c0b496441754ae6dafbe97a73155');
INSERT INTO "chain" VALUES('R-halted',2,'owner','[1]','b692ea93d64bba1d3b8b3c2d9c02b58ba7bbb9bfdfb025e38ccdc95cdd120fb8','a1c08c5365220cf4ddd15c82c83603c79c3f86304496b157dc2424829d6d2205');
INSERT INTO "chain" VALUES('R-halted',3,'intent','["pay"]','f281aa5505dbe7a6b4762c884f467a10f976fcf684e184570af73469673f1b41','1da1bab48e91a31044884987e1a5d4c4be934b91eaea7e61c8dc9a835b21053c');
INSERT INTO "chain" VALUES('R-halted',4,'transition','[15]','788600ec619bb8dc8dc8ba5822dae6158c2987bc806024db8a13f9ed759e6dbf','eebcda4e02180786e7fab315d4eb0392b2423ded479f477e93719d85187397fb');
INSERT INTO "chain" VALUES('R-halted',5,'claim','[]','c5ed54e14ba6922b51873e68ea4fd67821b2515b815cf7f094d333084d40ab06','aced9e8a4da3503b1d61affbb373287999dbdc668c3073b899c696e0091dceaf');
INSERT INTO "chain" VALUES('R-halted',6,'request','["4106"]','f714d45b2f9bbab27a8d0499f8b82ee31e65706ac87d043b29f9a5bb8acb9aae','ad440992b8b913f27122a17d908e7471fa743d110441ed287fee51801077fef7');
INSERT INTO "chain" VALUES('R-halted',7,'attempt','["pay",1]','0b98c2e81083caeb84c266cec516042801d35e82bdc32f3ab7e191497aaff764','c64fd73a5071253d62d1833d2bd83747b3bf7c1b7e5fdad9fda0454f99f9a684');
INSERT INTO "chain" VALUES('R-halted',8,'effect','["pay"]','bf36c02ed127bf1d9b990546ad580d8ab6d19d80376c8e9e5bf88ef8cd379520','424d6731761c26ee2a098a15c09ced49d8fa178f47407bfc77a125f08e337200');
INSERT INTO "chain" VALUES('R-halted',9,'transition','[16]','249c54ac990e130997c816f8d8bac42a92678bb8729a0080d03201c56cd10ee4','2159d2a2673cf37ee3a252e723309411398429da6c8f8160ec497f5f2804cb3b');
INSERT INTO "chain" VALUES('R-halted',10,'answer','["pay",1]','d7859a7d1ff021cbf685072c1d34f8e49bb2d460c52a569a2b95fe8b246cac2b','a3eee7942100f0703ae219eb860f8b97256a7dc74a67b29aabddf546b407cab0');
INSERT INTO "chain" VALUES('R-halted',11,'effect','["pay"]','768e68339ac05c44eac0336df0a719c574084ac2f452ab6b2076de3d9df63c0b','0fba4081cbb425bb0438527505df4248db081e69595d50c217338349af35bcce');
INSERT INTO "chain" VALUES('R-halted',12,'transition','[17]','5454a455a7b7c071ebbfe2063442d124e5f0543df40d856286675fc4ee6e22fe','575c6ff04c343af3421fe6b07d6316365c59d6f4d4ec5ff7f46a794ef72ed316');
INSERT INTO "chain" VALUES('R-halted',13,'effect','["pay"]','956b230afb5e140df233dade44d1048436508c4bcf3dbb603afbdfbadaa477a2','2430660fea9a7fd799d1b83db07188bbaf04ce9ee6726ae5c96a194712a0585e');
INSERT INTO "chain" VALUES('R-halted',14,'transition','[18]','ae16b011ed7e64a37dad1af14463cf7731056c9c23762702bcf6005c2306d43b','b48aa4afbd0799a1400a62d2eea67db19ece4107ac56d12af1f32fb36cb6388b');
INSERT INTO "chain" VALUES('R-intent',1,'run','[]','7bf443212934d54cc35353125f68647a0dcf2e8d793d3f2f0c0ee381f5089a83','344d31c1d99347afcdfa1ae77a1a5757b161ce45a989f241ac7e67d4763ac58b');
INSERT INTO "chain" VALUES('R-intent',2,'owner','[1]','b692ea93d64bba1d3b8b3c2d9c02b58ba7bbb9bfdfb025e38ccdc95cdd120fb8','9e0889daf343a721c39300bc4e23fddeedce1a5c8a9c3d4b71bec384f02c5b28');
INSERT INTO "chain" VALUES('R-intent',3,'intent','["pay"]','63f1bef2591433d56a1878f7f3ae9ce548a5ac275e14485aa8a50d060df6c65e','025f142705a10b403c84e2d36f940baa49e3380570a9175a074f2a5e03b3d32c');
INSERT INTO "chain" VALUES('R-intent',4,'transition','[1]','5378eb64c0108ec3ba3d3cc30e4b8c4d73811dda2a7cf155fa8b4c9b378d9063','2a3fc75912dd8e87a6cff08b77fef689021f8fa211133396ec04ced584a7dddb');
INSERT INTO "chain" VALUES('R-lost',1,'run','[]','ec26dbeb8bc2a04b7a33a26ad83713687eca1b52318a0dbde8388c87cf0b5570','47cd5fd7048cc2eb55d6fd112c0fb8397f90bac4c32743a854051cf3628eef34');
INSERT INTO "chain" VALUES('R-lost',2,'owner','[1]','b692ea93d64bba1d3b8b3c2d9c02b58ba7bbb9bfdfb025e38ccdc95cdd120fb8','dd2a2184683d46539d9759f1d6fdc9b76b15d871f9713b958cf4f2b23c323eaa');
INSERT INTO "chain" VALUES('R-lost',3,'intent','["pay"]','2a90a8de8bf77c26b43f36144d86c5b9226318243ebad0d802b5f3eee602634a','933c7a504e6b72aa86b85eda50b48ae97c248a6cd066e4eb64f5ba397868e72e');
INSERT INTO "chain" VALUES('R-lost',4,'transition','[6]','db9eb63e2f222335e2eae5854319e2d7a33d4d39468f7c043ad3df0642177bac','08931951f234f9a557cda24399c0af313f74ba74360b68e5b1c8067739196d7e');
INSERT INTO "chain" VALUES('R-lost',5,'claim','[]','13ef13271e09b8019e6c57a5cfa591be55b1b69ec1cb8df0848da79b592acc56','432d4f0bced0ab7e9841c0f1ec44b0b4c8732fd85fae9f2a33d8ec5faae1a759');
INSERT INTO "chain" VALUES('R-lost',6,'request','["4103"]','372afc161ce9882f373c2813dc8c7a47d91623e4ffbe373ea4458b6fa87a0f03','6e3cd329db9c6085058d5e224203b287f77135ed4b435b5d53e6f49f7bb8a2eb');
INSERT INTO "chain" VALUES('R-lost',7,'attempt','["pay",1]','0b98c2e81083caeb84c266cec516042801d35e82bdc32f3ab7e191497aaff764','8e20552994b0a0541012bb59e703db55e7a53434f26c2b2bbb6822f5ffa615da');
INSERT INTO "chain" VALUES('R-lost',8,'effect','["pay"]','a0d74e6a9b6faf3ad7c7f5f2e3037d97457bd19b1936ccbcbde2f387f6e1853f','2a3b3b9072d6b2929425942849554c970199a068b0a2c545215b97a1bf16f6e9');
INSERT INTO "chain" VALUES('R-lost',9,'transition','[7]','3f4c00019dbaf2644c3ca40d255c87fb92857f2c1a7f26ef780e5f2c564af64d','5b14bc4eafabe5a23a5116f7f6886051f98326eec3ae07daa0e58e531b268f41');
INSERT INTO "chain" VALUES('R-lost',10,'answer','["pay",1]','d7859a7d1ff021cbf685072c1d34f8e49bb2d460c52a569a2b95fe8b246cac2b','258c9f5ee6e3ee3ec822e4f233184b917a8c4084c07da4ea3a54dd88c5da0c49');
INSERT INTO "chain" VALUES('R-lost',11,'effect','["pay"]','ad4190a0726c173337ee94fca986dfed92f5d812e052226b9b627902b7fc0f3c','fbb46a022482d9476afa60b8e73461944df5fb3db738dd1934502bb08eff9b37');
INSERT INTO "chain" VALUES('R-lost',12,'transition','[8]','09af69fb45a441a13970d2846a442b040de075cb960e827c555e889b5669311f','dfa69de32d82514c3253c34e38797c66319abee1193f4d55230e9b5ef7230833');
INSERT INTO "chain" VALUES('R-rejected',1,'run','[]','e85bc946d2fc8ebd5a3f9841a2f957d3013185c0f6c49a4ad49beeabb6c4ec66','90c41fc76532fa68cfc4c16b92189a0b49a45bd1cfe34c93b5e03cb2edb6ccf6');
INSERT INTO "chain" VALUES('R-rejected',2,'owner','[1]','b692ea93d64bba1d3b8b3c2d9c02b58ba7bbb9bfdfb025e38ccdc95cdd120fb8','ce92b02ee058fd923ff15336d320828c8155167f23aeadd376729e8eb663e805');
INSERT INTO "chain" VALUES('R-rejected',3,'intent','["pay"]','4f62e53dbbf80e5e8c8ef234396c8d465c1d732a1913d3a748eb929edbe5db12','7066e6209eea20fceb5aca00bc156e3a311c7f01564f0f761f1811c6ef5650e2');
INSERT INTO "chain" VALUES('R-rejected',4,'transition','[23]','72c4d7430d1ddb9e70ac5dc086a1129dbba87a144481f4dc86a6071abc1dcc4a','615030d41d36eee3f511cd795e254ca1e249e9556b1ac6810c855380bd1a4b7b');
INSERT INTO "chain" VALUES('R-rejected',5,'claim','[]','ba67177663f5b9531776518a4b62598cc4b804c97defe0147ce85d9b1dad402d','bdb9eb84820a2e12fc0daaf6bc45b6c34d6a9fb41b452cddbabe6a07640909db');
INSERT INTO "chain" VALUES('R-rejected',6,'request','["4108"]','102c932ef4db79608fe61d67adf7628ee15801e098425c404e6cc5cdb443c007','278fa0e3297850611359d3ff52d684bb6ea27defb5a538630603f74e697585bf');
INSERT INTO "chain" VALUES('R-rejected',7,'attempt','["pay",1]','0b98c2e81083caeb84c266cec516042801d35e82bdc32f3ab7e191497aaff764','31a2a3c5233e2073071bb1674d40aff9ee274cae1ac54c5bbc06fc041a08ffa6');
INSERT INTO "chain" VALUES('R-rejected',8,'effect','["pay"]','989b52f882dbe86d885d36a0b4ecf850858eebc9d80f592945807a6c97225ea5','64031d5d36588c644da633e2bd09c973e7726ff0ce910c08908069ebc7fe94ed');
INSERT INTO "chain" VALUES('R-rejected',9,'transition','[24]','153b5ccb192924381d416fd499c74f760814baa6befa1649c0ee7fb5a57d792a','5bdf0ce7e67157383b160fad8fef25ff8a613c30b2d5b47924cda68ce6ab7127');
INSERT INTO "chain" VALUES('R-rejected',10,'answer','["pay",1]','823cb70975d51a594cda6db21e7fb7bd47da7332b1cbc04e9182df8c25ab6b61','cebdd03826331c5699167f68b6c53eec52432dafad5a0f67804cfedde7df29c1');
INSERT INTO "chain" VALUES('R-rejected',11,'effect','["pay"]','040b5aba6b54b4b09de074aa0e15e7b48baa9f4f20d7c4c5315bc6eca80f4cd2','6b158ec5b3793a9c016e04a1b175b0c21cca463f5504fb4541f7b2f51fbe4769');
INSERT INTO "chain" VALUES('R-rejected',12,'transition','[25]','5adb7789e56f2e29198fed050c789acaf14f60650db55453e35078b32af040b3','9220f10f180276ebec4ededdf4c2ba63e67e2df43a576770c4e1a35eba6e01f2');
INSERT INTO "chain" VALUES('R-unanswered',1,'run','[]','52fa63180361e719dfa4a8f8a4b255f6e13f1e62369681c470b034e000a62170','c62d30050e5d95a86d6b9ef666712cfa85a27313538b4ae2f9cecc47f1bed089');
INSERT INTO "chain" VALUES('R-unanswered',2,'owner','[1]','b692ea93d64bba1d3b8b3c2d9c02b58ba7bbb9bfdfb025e38ccdc95cdd120fb8','0c19cab02b70c3f097627f5e8ef512bbbd606a91e2c06b9b345458f4306aa394');
INSERT INTO "chain" VALUES('R-unanswered',3,'intent','["pay"]','2e03bd2b0c5595f66909e0acef55cdd47c93b4a3a4cca3966171e656bde02145','c2bee94e505a6aaadbc34fa50b5aa45b81f3a49b44e4c4737cdc2e11c1775bf2');
INSERT INTO "chain" VALUES('R-unanswered',4,'transition','[4]','74b51ac6aa2c729ab639c646995f3d60dda4032f86447a4e52521e387a1d823c','2bf2076314aeedb96b3508d7906fe5a2de63bd6f3fb2761cdd6cb5683ef90b65');
INSERT INTO "chain" VALUES('R-unanswered',5,'claim','[]','3863bc4346c64fff50ab5045adfbe3a19850cf3f90c78bf588ce715f9d38fc82','f4c8eb0209a67b036d771af4f07756702260c13867819ef757152983b7b7a0cc');
INSERT INTO "chain" VALUES('R-unanswered',6,'request','["4102"]','6c2284c834798f40e59db110af2289e27775660e154e55e8d378bf2789372d8e','3ff6ff04a6ccee714d2b42d71e4c470bad8c27bbbf47f01aa1d040f02db9bfec');
INSERT INTO "chain" VALUES('R-unanswered',7,'attempt','["pay",1]','0b98c2e81083caeb84c266cec516042801d35e82bdc32f3ab7e191497aaff764','125d2a2dba84ab4d4fcaa25607ba873bff0734e2d5a496d1b5df3ab39b923c75');
INSERT INTO "chain" VALUES('R-unanswered',8,'effect','["pay"]','173fdeb4824e815cff5060c825f47117438c0868b255bcf8c59855f93d0dc43f','e25182d44da4d78463aac0b472cf1de7106de61694feaae3291aed1f470cbee1');
INSERT INTO "chain" VALUES('R-unanswered',9,'transition','[5]','0ba2906045fd5acd26f600ae0f6454fc54d9c9c36da25dce47af0b9350197ac7','1eeb690f7e62e5c67fe3dc48183204338f4d6358170e702f34e5b0b81bb88a28');
INSERT INTO "chain" VALUES('R-unsent',1,'run','[]','1e36d7892315a0584761d15492a471838fa0ec4d4f1661d874decbae35c3798d','6c094b24e74911ee1fbc38b1837e4c97f9ed63ff8a7cb0e3d17e2cb811b238f7');
INSERT INTO "chain" VALUES('R-unsent',2,'owner','[1]','b692ea93d64bba1d3b8b3c2d9c02b58ba7bbb9bfdfb025e38ccdc95cdd120fb8','969037c58c80fb64b23d524a0b0ab65e7de838da026809693b71e6472ed88eff');
INSERT INTO "chain" VALUES('R-unsent',3,'intent','["pay"]','4dd27bb1fdfc92d1b2f769c4bcea5ea0184fce69a9bb160fb9bf1bf7404f00bf','c417918204a9bd01b3b8a8e09c05ebcbda4b95894318af1b3456fc79d609a00b');
INSERT INTO "chain" VALUES('R-unsent',4,'transition','[2]','a0b16f92515bf9ce7f3fde6fd780e788ff2ffafa53a61e6426d7e0b471d850f4','69cf53c23f68cc58cf2cf958fbc031941945080338222919d78b694621262e44');
INSERT INTO "chain" VALUES('R-unsent',5,'claim','[]','3a60561c5ff4c0f09e3a32fdd9aa5e411870015dfacc156f0a4ce73289a46666','9184951372ed6ce153045a0f97725ee84ae4ecb33836e773087848b240c6117a');
INSERT INTO "chain" VALUES('R-unsent',6,'request','["4101"]','cd33d6bdbc6443d0607cac5ada8d5dc683c2d5b08fdb2bed6e3f036a3536a84f','fb078cc8c1d406683b84a3a7c7e823de73300c94647d2292eae5efe59e4d0aac');
INSERT INTO "chain" VALUES('R-unsent',7,'attempt','["pay",1]','0b98c2e81083caeb84c266cec516042801d35e82bdc32f3ab7e191497aaff764','08bb7a00e4fff2fad1144adfe9818dd330b9b34dd2cade48a4ddfb1d3b234223');
INSERT INTO "chain" VALUES('R-unsent',8,'effect','["pay"]','e3d486ccdcfa6e0645734f82abf6e6b6565273a6f7c771f9df93d1516545f0b0','17005449eea3e683d2e7a81921be2459371699c55bd56de8c0b14098e5ec0ee7');
INSERT INTO "chain" VALUES('R-unsent',9,'transition','[3]','51e6a6646501e8aa1dc5345eb917fa1e4a65f40b0fc795e50287b4bee5041af9','d2a883ec55fa7994367eb2ad00d68eca41d8aa88be6127d7a19ffd2b8134c853');
CREATE TABLE claim (
        host       TEXT NOT NULL,
        entity     TEXT NOT NULL,
        playbook   TEXT NOT NULL,
        occurrence TEXT NOT NULL,
        revision   INTEGER NOT NULL,
        run_id     TEXT NOT NULL UNIQUE REFERENCES run (run_id),
        at         TEXT NOT NULL,
        PRIMARY KEY (host, entity, playbook, occurrence, revision)
    ) WITHOUT ROWID
    ;
INSERT INTO "claim" VALUES('sandbox:x','acme','trim','accepted',0,'R-accepted','2026-11-22T10:00:01.000000Z');
INSERT INTO "claim" VALUES('sandbox:x','acme','trim','confirmed',0,'R-confirmed','2026-11-22T10:00:01.000000Z');
INSERT INTO "claim" VALUES('sandbox:x','acme','trim','duplicate',0,'R-duplicate','2026-11-22T10:00:01.000000Z');
INSERT INTO "claim" VALUES('sandbox:x','acme','trim','halted',0,'R-halted','2026-11-22T10:00:01.000000Z');
INSERT INTO "claim" VALUES('sandbox:x','acme','trim','lost',0,'R-lost','2026-11-22T10:00:01.000000Z');
INSERT INTO "claim" VALUES('sandbox:x','acme','trim','rejected',0,'R-rejected','2026-11-22T10:00:01.000000Z');
INSERT INTO "claim" VALUES('sandbox:x','acme','trim','unanswered',0,'R-unanswered','2026-11-22T10:00:01.000000Z');
INSERT INTO "claim" VALUES('sandbox:x','acme','trim','unsent',0,'R-unsent','2026-11-22T10:00:01.000000Z');
CREATE TABLE decision (
        seq     INTEGER PRIMARY KEY,
        run_id  TEXT NOT NULL,
        path    TEXT NOT NULL,
        kind    TEXT NOT NULL,
        reason  TEXT NOT NULL,
        who     TEXT NOT NULL,
        at      TEXT NOT NULL,
        payload TEXT NOT NULL
    );
CREATE TABLE effect (
        seq             INTEGER PRIMARY KEY,
        run_id          TEXT NOT NULL REFERENCES run (run_id) ON DELETE CASCADE,
        path            TEXT NOT NULL,
        action          TEXT NOT NULL,
        operation       TEXT NOT NULL,
        method          TEXT NOT NULL,
        url_path        TEXT NOT NULL,
        body            TEXT NOT NULL,
        request_id      TEXT NOT NULL,
        lock            TEXT NOT NULL,
        subject_id         TEXT NOT NULL,
        kind            TEXT NOT NULL,
        coin            TEXT NOT NULL,
        network         TEXT NOT NULL,
        amount          TEXT NOT NULL,
        planned_at      TEXT NOT NULL,
        known_order_ids TEXT NOT NULL,
        state           TEXT NOT NULL,
        order_id        TEXT NOT NULL,
        status          TEXT NOT NULL,
        status_code     TEXT NOT NULL,
        reason          TEXT NOT NULL,
        evidence        TEXT NOT NULL,
        changed_at      TEXT NOT NULL, details TEXT NOT NULL DEFAULT '{}', found_by TEXT NOT NULL DEFAULT 'list',
        UNIQUE (run_id, path),
        UNIQUE (run_id, request_id)
    );
INSERT INTO "effect" VALUES(1,'R-intent','pay','mirrorx.delegate','mirrorx.order.create','POST','/open-api/v1/mirrorX/order','{"amount":"10","coinSymbol":"USDT","mirrorXLinkId":33,"orderType":10,"requestId":"4100"}','4100','mirrorx/4100/USDT','33','delegate','USDT','','10','2026-11-22T10:00:00.000000Z','[]','intent','','','','','null','2026-11-22T10:00:01.000000Z','{}','list');
INSERT INTO "effect" VALUES(2,'R-unsent','pay','mirrorx.delegate','mirrorx.order.create','POST','/open-api/v1/mirrorX/order','{"amount":"10","coinSymbol":"USDT","mirrorXLinkId":33,"orderType":10,"requestId":"4101"}','4101','mirrorx/4101/USDT','33','delegate','USDT','','10','2026-11-22T10:00:00.000000Z','[]','sending','','','','','null','2026-11-22T10:00:01.000000Z','{}','list');
INSERT INTO "effect" VALUES(3,'R-unanswered','pay','mirrorx.delegate','mirrorx.order.create','POST','/open-api/v1/mirrorX/order','{"amount":"10","coinSymbol":"USDT","mirrorXLinkId":33,"orderType":10,"requestId":"4102"}','4102','mirrorx/4102/USDT','33','delegate','USDT','','10','2026-11-22T10:00:00.000000Z','[]','sending','','','','','null','2026-11-22T10:00:01.000000Z','{}','list');
INSERT INTO "effect" VALUES(4,'R-lost','pay','mirrorx.delegate','mirrorx.order.create','POST','/open-api/v1/mirrorX/order','{"amount":"10","coinSymbol":"USDT","mirrorXLinkId":33,"orderType":10,"requestId":"4103"}','4103','mirrorx/4103/USDT','33','delegate','USDT','','10','2026-11-22T10:00:00.000000Z','[]','unknown','','','','the connection was reset','null','2026-11-22T10:00:01.000000Z','{}','list');
INSERT INTO "effect" VALUES(5,'R-duplicate','pay','mirrorx.delegate','mirrorx.order.create','POST','/open-api/v1/mirrorX/order','{"amount":"10","coinSymbol":"USDT","mirrorXLinkId":33,"orderType":10,"requestId":"4104"}','4104','mirrorx/4104/USDT','33','delegate','USDT','','10','2026-11-22T10:00:00.000000Z','[]','seen','','','','G20015 no','null','2026-11-22T10:00:01.000000Z','{}','list');
INSERT INTO "effect" VALUES(6,'R-accepted','pay','mirrorx.delegate','mirrorx.order.create','POST','/open-api/v1/mirrorX/order','{"amount":"10","coinSymbol":"USDT","mirrorXLinkId":33,"orderType":10,"requestId":"4105"}','4105','mirrorx/4105/USDT','33','delegate','USDT','','10','2026-11-22T10:00:00.000000Z','[]','accepted','900000','accepted','10','accepted as 900000','null','2026-11-22T10:00:01.000000Z','{}','list');
INSERT INTO "effect" VALUES(7,'R-halted','pay','mirrorx.delegate','mirrorx.order.create','POST','/open-api/v1/mirrorX/order','{"amount":"10","coinSymbol":"USDT","mirrorXLinkId":33,"orderType":10,"requestId":"4106"}','4106','mirrorx/4106/USDT','33','delegate','USDT','','10','2026-11-22T10:00:00.000000Z','[]','halted','','','','requestId 4106: past the fence the custodian''s list does not show it; it is not sent again, because it is not known that the custodian never executes a requestId twice','{"request_id":"4106","run_id":"R-halted","path":"pay","operation":"mirrorx.order.create","expected":{"link_id":"33","kind":"delegate","coin":"USDT","network":"","amount":"10"},"reason":"past the fence the custodian''s list does not show it; it is not sent again, because it is not known that the custodian never executes a requestId twice","attempts":[{"number":1,"sent_at":"2026-11-22T10:00:01.000Z","timestamp_ms":1795341601000,"answer":{"kind":"lost","verdict":"unknown","reason":"the connection was reset"}}],"read":{"at":"2026-11-22T10:02:16.050Z","complete":true,"row_count":0,"near_matches":[]},"ask":"Please tell us what became of the request with requestId 4106.\nPOST /open-api/v1/mirrorX/order: delegate 10 USDT, link 33.\nSent 2026-11-22T10:00:01.000Z, signed timestamp 1795341601000.\nWas it executed? If so, under which order id and with what status; if not, can you confirm that it never will be?"}','2026-11-22T10:02:16.050781Z','{}','list');
INSERT INTO "effect" VALUES(8,'R-confirmed','pay','mirrorx.delegate','mirrorx.order.create','POST','/open-api/v1/mirrorX/order','{"amount":"10","coinSymbol":"USDT","mirrorXLinkId":33,"orderType":10,"requestId":"4107"}','4107','mirrorx/4107/USDT','33','delegate','USDT','','10','2026-11-22T10:00:00.000000Z','[]','confirmed','900000','success','30','the custodian says success','null','2026-11-22T10:00:05.375000Z','{}','list');
INSERT INTO "effect" VALUES(9,'R-rejected','pay','mirrorx.delegate','mirrorx.order.create','POST','/open-api/v1/mirrorX/order','{"amount":"10","coinSymbol":"USDT","mirrorXLinkId":33,"orderType":10,"requestId":"4108"}','4108','mirrorx/4108/USDT','33','delegate','USDT','','10','2026-11-22T10:00:00.000000Z','[]','rejected','','','','G20022 no','null','2026-11-22T10:00:01.000000Z','{}','list');
CREATE TABLE lock (
        name   TEXT PRIMARY KEY,
        run_id TEXT NOT NULL,
        at     TEXT NOT NULL
    ) WITHOUT ROWID
    ;
INSERT INTO "lock" VALUES('mirrorx/4101/USDT','R-unsent','2026-11-22T10:00:01.000000Z');
INSERT INTO "lock" VALUES('mirrorx/4102/USDT','R-unanswered','2026-11-22T10:00:01.000000Z');
INSERT INTO "lock" VALUES('mirrorx/4103/USDT','R-lost','2026-11-22T10:00:01.000000Z');
INSERT INTO "lock" VALUES('mirrorx/4104/USDT','R-duplicate','2026-11-22T10:00:01.000000Z');
INSERT INTO "lock" VALUES('mirrorx/4105/USDT','R-accepted','2026-11-22T10:00:01.000000Z');
INSERT INTO "lock" VALUES('mirrorx/4106/USDT','R-halted','2026-11-22T10:00:01.000000Z');
INSERT INTO "lock" VALUES('mirrorx/4107/USDT','R-confirmed','2026-11-22T10:00:01.000000Z');
INSERT INTO "lock" VALUES('mirrorx/4108/USDT','R-rejected','2026-11-22T10:00:01.000000Z');
CREATE TABLE meta (
        key   TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) WITHOUT ROWID
    ;
INSERT INTO "meta" VALUES('created_at','2026-11-22T10:00:01.000000Z');
INSERT INTO "meta" VALUES('store_id','S-f81d5a8bc8becb05');
CREATE TABLE ownership (
        run_id TEXT NOT NULL,
        epoch  INTEGER NOT NULL,
        owner  TEXT NOT NULL,
        at     TEXT NOT NULL,
        PRIMARY KEY (run_id, epoch)
    ) WITHOUT ROWID
    ;
INSERT INTO "ownership" VALUES('R-accepted',1,'process 7 on desk','2026-11-22T10:00:00.000000Z');
INSERT INTO "ownership" VALUES('R-confirmed',1,'process 7 on desk','2026-11-22T10:00:00.000000Z');
INSERT INTO "ownership" VALUES('R-duplicate',1,'process 7 on desk','2026-11-22T10:00:00.000000Z');
INSERT INTO "ownership" VALUES('R-halted',1,'process 7 on desk','2026-11-22T10:00:00.000000Z');
INSERT INTO "ownership" VALUES('R-intent',1,'process 7 on desk','2026-11-22T10:00:00.000000Z');
INSERT INTO "ownership" VALUES('R-lost',1,'process 7 on desk','2026-11-22T10:00:00.000000Z');
INSERT INTO "ownership" VALUES('R-rejected',1,'process 7 on desk','2026-11-22T10:00:00.000000Z');
INSERT INTO "ownership" VALUES('R-unanswered',1,'process 7 on desk','2026-11-22T10:00:00.000000Z');
INSERT INTO "ownership" VALUES('R-unsent',1,'process 7 on desk','2026-11-22T10:00:00.000000Z');
CREATE TABLE register (
        number INTEGER NOT NULL,
        kind   TEXT NOT NULL,
        run_id TEXT NOT NULL,
        at     TEXT NOT NULL,
        facts  TEXT NOT NULL,
        head   TEXT NOT NULL,
        PRIMARY KEY (number)
    );
INSERT INTO "register" VALUES(1,'store','','2026-11-22T10:00:01.000000Z','{"store_id":"S-f81d5a8bc8becb05"}','7ac07a4c7ba4322e53d3ebc93f95bd445b4b5a76010fd48bec2b982335204544');
INSERT INTO "register" VALUES(2,'run','R-intent','2026-11-22T10:00:00.000000Z','{"digest":"sha256:1"}','240703acbd01158f6f249ee92498a5846b90a3d2ac2b0e142daae1276a87463d');
INSERT INTO "register" VALUES(3,'run','R-unsent','2026-11-22T10:00:00.000000Z','{"digest":"sha256:1"}','342f14409b162dc60938c43fef79d73ec98ed9a2770123c3567436d279f8b430');
INSERT INTO "register" VALUES(4,'run','R-unanswered','2026-11-22T10:00:00.000000Z','{"digest":"sha256:1"}','1eafe6d9ab0529bf2eaf0977e9b73fb7d9bf0e348d3fca804523e7b84c139bb9');
INSERT INTO "register" VALUES(5,'run','R-lost','2026-11-22T10:00:00.000000Z','{"digest":"sha256:1"}','20f5a1ad4c04f7e492e0d5d975911d2f97b7fc2656344049fb7430fd581db4f2');
INSERT INTO "register" VALUES(6,'run','R-duplicate','2026-11-22T10:00:00.000000Z','{"digest":"sha256:1"}','7bbc679dc61917acf7de64566aae9ce3bf09fe1ba00d73987b73718896cf425f');
INSERT INTO "register" VALUES(7,'run','R-accepted','2026-11-22T10:00:00.000000Z','{"digest":"sha256:1"}','5eced51014672eba717dcc1f8f71fe442d9661f3f3ae67f98d625e39a68ba7d1');
INSERT INTO "register" VALUES(8,'run','R-halted','2026-11-22T10:00:00.000000Z','{"digest":"sha256:1"}','9383f3e64c919d7fd54cf9cabbd29c81ad548e514c7c46f5af8110fdf2e3ec36');
INSERT INTO "register" VALUES(9,'run','R-confirmed','2026-11-22T10:00:00.000000Z','{"digest":"sha256:1"}','79712e8c0f42369828e41418c0620cef6b95fad4bd27037b22f9a0c411ac5fa3');
INSERT INTO "register" VALUES(10,'run','R-rejected','2026-11-22T10:00:00.000000Z','{"digest":"sha256:1"}','b19048ec6e79a607c3b93ca5f3b6303e438437b9c7e0060ee7db6656a7dde83f');
CREATE TABLE request (
        request_id  TEXT PRIMARY KEY,
        body_digest TEXT NOT NULL,
        run_id      TEXT NOT NULL,
        path        TEXT NOT NULL,
        at          TEXT NOT NULL,
        FOREIGN KEY (run_id, path) REFERENCES effect (run_id, path)
    ) WITHOUT ROWID
    ;
INSERT INTO "request" VALUES('4101','sha256:93745699d13944082138f9b59469c6c29d0a198baf112c722b5b2c41dcb32bc4','R-unsent','pay','2026-11-22T10:00:01.000000Z');
INSERT INTO "request" VALUES('4102','sha256:5f45229d481157d84571de2f01be81a8c9be811bdb13ed96b39a00449a9202b2','R-unanswered','pay','2026-11-22T10:00:01.000000Z');
INSERT INTO "request" VALUES('4103','sha256:070368c40c5a7ff84b949e0ca43b182294b231cc326889837d2645565fc7680f','R-lost','pay','2026-11-22T10:00:01.000000Z');
INSERT INTO "request" VALUES('4104','sha256:856f9181eef8eb5b1cb769370d0db916e25993fa5bb4a62bd6b87b4661083f2a','R-duplicate','pay','2026-11-22T10:00:01.000000Z');
INSERT INTO "request" VALUES('4105','sha256:f38903275adb0e5576e35643e6ec9eedb1cda17b88dfc08ec831c39368df6416','R-accepted','pay','2026-11-22T10:00:01.000000Z');
INSERT INTO "request" VALUES('4106','sha256:0dcabee1c6e93ef339c0e11d0369e3d25094b1cf9be59f7264ed148e41f06e1a','R-halted','pay','2026-11-22T10:00:01.000000Z');
INSERT INTO "request" VALUES('4107','sha256:8ec0e30d7dc8a002176cf5eccaa949b91f578c1b41fc032b4b10544fe4c442e5','R-confirmed','pay','2026-11-22T10:00:01.000000Z');
INSERT INTO "request" VALUES('4108','sha256:2d36741cc27defffc2f5152c7539a54968b4761441563a577420597a022fa97b','R-rejected','pay','2026-11-22T10:00:01.000000Z');
CREATE TABLE run (
        seq          INTEGER PRIMARY KEY,
        run_id       TEXT NOT NULL UNIQUE,
        digest       TEXT NOT NULL,
        plan         TEXT NOT NULL,
        playbook     TEXT NOT NULL,
        host         TEXT NOT NULL,
        entity       TEXT NOT NULL,
        occurrence   TEXT NOT NULL,
        revision     INTEGER NOT NULL,
        created_at   TEXT NOT NULL,
        tool_version TEXT NOT NULL,
        exit_code    INTEGER,
        message      TEXT NOT NULL,
        finished_at  TEXT
    );
INSERT INTO "run" VALUES(1,'R-intent','sha256:1','{}','trim','sandbox:x','acme','intent',0,'2026-11-22T10:00:00.000000Z','0',NULL,'',NULL);
INSERT INTO "run" VALUES(2,'R-unsent','sha256:1','{}','trim','sandbox:x','acme','unsent',0,'2026-11-22T10:00:00.000000Z','0',NULL,'',NULL);
INSERT INTO "run" VALUES(3,'R-unanswered','sha256:1','{}','trim','sandbox:x','acme','unanswered',0,'2026-11-22T10:00:00.000000Z','0',NULL,'',NULL);
INSERT INTO "run" VALUES(4,'R-lost','sha256:1','{}','trim','sandbox:x','acme','lost',0,'2026-11-22T10:00:00.000000Z','0',NULL,'',NULL);
INSERT INTO "run" VALUES(5,'R-duplicate','sha256:1','{}','trim','sandbox:x','acme','duplicate',0,'2026-11-22T10:00:00.000000Z','0',NULL,'',NULL);
INSERT INTO "run" VALUES(6,'R-accepted','sha256:1','{}','trim','sandbox:x','acme','accepted',0,'2026-11-22T10:00:00.000000Z','0',NULL,'',NULL);
INSERT INTO "run" VALUES(7,'R-halted','sha256:1','{}','trim','sandbox:x','acme','halted',0,'2026-11-22T10:00:00.000000Z','0',NULL,'',NULL);
INSERT INTO "run" VALUES(8,'R-confirmed','sha256:1','{}','trim','sandbox:x','acme','confirmed',0,'2026-11-22T10:00:00.000000Z','0',NULL,'',NULL);
INSERT INTO "run" VALUES(9,'R-rejected','sha256:1','{}','trim','sandbox:x','acme','rejected',0,'2026-11-22T10:00:00.000000Z','0',NULL,'',NULL);
CREATE TABLE run_file (
        run_id TEXT NOT NULL REFERENCES run (run_id) ON DELETE CASCADE,
        name   TEXT NOT NULL,
        bytes  BLOB NOT NULL,
        PRIMARY KEY (run_id, name)
    ) WITHOUT ROWID
    ;
CREATE TABLE run_head (
        run_id         TEXT PRIMARY KEY,
        number         INTEGER NOT NULL,
        head           TEXT NOT NULL,
        epoch          INTEGER NOT NULL,
        owner          TEXT NOT NULL,
        lease_until_ms INTEGER NOT NULL
    ) WITHOUT ROWID
    ;
INSERT INTO "run_head" VALUES('R-accepted',12,'0bab50e105354649278bd32902928fbd4db2ece0efacfad7226e6345ce7936e5',1,'process 7 on desk',0);
INSERT INTO "run_head" VALUES('R-confirmed',14,'7673d45c7242c1eccbdd72ade261d406f8f628cfe92426880e35c0f615d9a30c',1,'process 7 on desk',0);
INSERT INTO "run_head" VALUES('R-duplicate',12,'d5d4e2b4e73b6d7bcb7a6af53df7bcb3ac198ffd3915225d5c815ba4aeced5be',1,'process 7 on desk',0);
INSERT INTO "run_head" VALUES('R-halted',14,'b48aa4afbd0799a1400a62d2eea67db19ece4107ac56d12af1f32fb36cb6388b',1,'process 7 on desk',0);
INSERT INTO "run_head" VALUES('R-intent',4,'2a3fc75912dd8e87a6cff08b77fef689021f8fa211133396ec04ced584a7dddb',1,'process 7 on desk',0);
INSERT INTO "run_head" VALUES('R-lost',12,'dfa69de32d82514c3253c34e38797c66319abee1193f4d55230e9b5ef7230833',1,'process 7 on desk',0);
INSERT INTO "run_head" VALUES('R-rejected',12,'9220f10f180276ebec4ededdf4c2ba63e67e2df43a576770c4e1a35eba6e01f2',1,'process 7 on desk',0);
INSERT INTO "run_head" VALUES('R-unanswered',9,'1eeb690f7e62e5c67fe3dc48183204338f4d6358170e702f34e5b0b81bb88a28',1,'process 7 on desk',0);
INSERT INTO "run_head" VALUES('R-unsent',9,'d2a883ec55fa7994367eb2ad00d68eca41d8aa88be6127d7a19ffd2b8134c853',1,'process 7 on desk',0);
CREATE TABLE spent (
        run_id      TEXT NOT NULL,
        path        TEXT NOT NULL,
        at          TEXT NOT NULL,
        action      TEXT NOT NULL,
        coin        TEXT NOT NULL,
        amount      TEXT NOT NULL,
        network     TEXT NOT NULL,
        wallet      TEXT NOT NULL,
        link        TEXT NOT NULL,
        destination TEXT NOT NULL,
        playbook    TEXT NOT NULL,
        PRIMARY KEY (run_id, path),
        FOREIGN KEY (run_id, path) REFERENCES effect (run_id, path) ON DELETE CASCADE
    ) WITHOUT ROWID
    ;
CREATE TABLE step (
        seq         INTEGER PRIMARY KEY,
        run_id      TEXT NOT NULL REFERENCES run (run_id) ON DELETE CASCADE,
        path        TEXT NOT NULL,
        state       TEXT NOT NULL,
        result      TEXT NOT NULL,
        message     TEXT NOT NULL,
        exit_code   INTEGER NOT NULL,
        started_at  TEXT NOT NULL,
        finished_at TEXT NOT NULL,
        UNIQUE (run_id, path)
    );
CREATE TABLE step_start (
        seq      INTEGER PRIMARY KEY,
        run_id   TEXT NOT NULL REFERENCES run (run_id) ON DELETE CASCADE,
        path     TEXT NOT NULL,
        at       TEXT NOT NULL,
        deadline TEXT,
        UNIQUE (run_id, path)
    );
CREATE TABLE suspension (
        run_id TEXT PRIMARY KEY,
        path   TEXT NOT NULL,
        at     TEXT NOT NULL,
        due_at TEXT NOT NULL
    ) WITHOUT ROWID
    ;
CREATE TABLE transition (
        seq            INTEGER PRIMARY KEY,
        run_id         TEXT NOT NULL,
        path           TEXT NOT NULL,
        at             TEXT NOT NULL,
        from_state     TEXT NOT NULL,
        state          TEXT NOT NULL,
        attempt_number INTEGER NOT NULL,
        order_id       TEXT NOT NULL,
        status         TEXT NOT NULL,
        reason         TEXT NOT NULL,
        evidence       TEXT NOT NULL,
        FOREIGN KEY (run_id, path) REFERENCES effect (run_id, path) ON DELETE CASCADE
    );
INSERT INTO "transition" VALUES(1,'R-intent','pay','2026-11-22T10:00:01.000000Z','planned','intent',0,'','','','null');
INSERT INTO "transition" VALUES(2,'R-unsent','pay','2026-11-22T10:00:01.000000Z','planned','intent',0,'','','','null');
INSERT INTO "transition" VALUES(3,'R-unsent','pay','2026-11-22T10:00:01.000000Z','intent','sending',1,'','','','null');
INSERT INTO "transition" VALUES(4,'R-unanswered','pay','2026-11-22T10:00:01.000000Z','planned','intent',0,'','','','null');
INSERT INTO "transition" VALUES(5,'R-unanswered','pay','2026-11-22T10:00:01.000000Z','intent','sending',1,'','','','null');
INSERT INTO "transition" VALUES(6,'R-lost','pay','2026-11-22T10:00:01.000000Z','planned','intent',0,'','','','null');
INSERT INTO "transition" VALUES(7,'R-lost','pay','2026-11-22T10:00:01.000000Z','intent','sending',1,'','','','null');
INSERT INTO "transition" VALUES(8,'R-lost','pay','2026-11-22T10:00:01.000000Z','sending','unknown',1,'','','the connection was reset','null');
INSERT INTO "transition" VALUES(9,'R-duplicate','pay','2026-11-22T10:00:01.000000Z','planned','intent',0,'','','','null');
INSERT INTO "transition" VALUES(10,'R-duplicate','pay','2026-11-22T10:00:01.000000Z','intent','sending',1,'','','','null');
INSERT INTO "transition" VALUES(11,'R-duplicate','pay','2026-11-22T10:00:01.000000Z','sending','seen',1,'','','G20015 no','null');
INSERT INTO "transition" VALUES(12,'R-accepted','pay','2026-11-22T10:00:01.000000Z','planned','intent',0,'','','','null');
INSERT INTO "transition" VALUES(13,'R-accepted','pay','2026-11-22T10:00:01.000000Z','intent','sending',1,'','','','null');
INSERT INTO "transition" VALUES(14,'R-accepted','pay','2026-11-22T10:00:01.000000Z','sending','accepted',1,'900000','accepted','accepted as 900000','null');
INSERT INTO "transition" VALUES(15,'R-halted','pay','2026-11-22T10:00:01.000000Z','planned','intent',0,'','','','null');
INSERT INTO "transition" VALUES(16,'R-halted','pay','2026-11-22T10:00:01.000000Z','intent','sending',1,'','','','null');
INSERT INTO "transition" VALUES(17,'R-halted','pay','2026-11-22T10:00:01.000000Z','sending','unknown',1,'','','the connection was reset','null');
INSERT INTO "transition" VALUES(18,'R-halted','pay','2026-11-22T10:02:16.050781Z','unknown','halted',1,'','','requestId 4106: past the fence the custodian''s list does not show it; it is not sent again, because it is not known that the custodian never executes a requestId twice','{"request_id":"4106","run_id":"R-halted","path":"pay","operation":"mirrorx.order.create","expected":{"link_id":"33","kind":"delegate","coin":"USDT","network":"","amount":"10"},"reason":"past the fence the custodian''s list does not show it; it is not sent again, because it is not known that the custodian never executes a requestId twice","attempts":[{"number":1,"sent_at":"2026-11-22T10:00:01.000Z","timestamp_ms":1795341601000,"answer":{"kind":"lost","verdict":"unknown","reason":"the connection was reset"}}],"read":{"at":"2026-11-22T10:02:16.050Z","complete":true,"row_count":0,"near_matches":[]},"ask":"Please tell us what became of the request with requestId 4106.\nPOST /open-api/v1/mirrorX/order: delegate 10 USDT, link 33.\nSent 2026-11-22T10:00:01.000Z, signed timestamp 1795341601000.\nWas it executed? If so, under which order id and with what status; if not, can you confirm that it never will be?"}');
INSERT INTO "transition" VALUES(19,'R-confirmed','pay','2026-11-22T10:00:01.000000Z','planned','intent',0,'','','','null');
INSERT INTO "transition" VALUES(20,'R-confirmed','pay','2026-11-22T10:00:01.000000Z','intent','sending',1,'','','','null');
INSERT INTO "transition" VALUES(21,'R-confirmed','pay','2026-11-22T10:00:01.000000Z','sending','accepted',1,'900000','accepted','accepted as 900000','null');
INSERT INTO "transition" VALUES(22,'R-confirmed','pay','2026-11-22T10:00:05.375000Z','accepted','confirmed',1,'','success','the custodian says success','null');
INSERT INTO "transition" VALUES(23,'R-rejected','pay','2026-11-22T10:00:01.000000Z','planned','intent',0,'','','','null');
INSERT INTO "transition" VALUES(24,'R-rejected','pay','2026-11-22T10:00:01.000000Z','intent','sending',1,'','','','null');
INSERT INTO "transition" VALUES(25,'R-rejected','pay','2026-11-22T10:00:01.000000Z','sending','rejected',1,'','','G20022 no','null');
CREATE INDEX effect_by_lock ON effect (lock, state);
CREATE INDEX effect_by_order ON effect (order_id) WHERE order_id <> '';
CREATE INDEX transition_by_run ON transition (run_id, path);
CREATE INDEX spent_by_time ON spent (at);
CREATE INDEX decision_by_run ON decision (run_id);
COMMIT;
